/** The Go client, compiled once from Debian's packages and kept beside the components. @module */

import { outputOf } from "../../tools/command.ts";
import { componentsDirectory, ensureComponents } from "../../tools/components.ts";

const BUILD_MS_MAX = 400_000;

/**
 * Compiles a program that imports client_golang, and returns its path. One that was compiled
 * before from the same source is taken as it is, and needs no compiler.
 *
 * @throws {Error} with the compiler's last lines
 */
export async function buildWithClientGolang(source: string): Promise<string> {
  const digest = await digestOf(await Deno.readFile(source));
  const program = `${componentsDirectory()}/client_golang-${digest}`;
  if (await exists(program)) return program;

  const components = await ensureComponents(["go", "go-prometheus-client"]);
  const { go, "go-prometheus-client": library } = components;
  const cache = await Deno.makeTempDir({ prefix: "dynamic-sharding-go-" });
  const unfinished = `${program}.${Deno.pid}`;
  try {
    await outputOf(go.command, ["build", "-o", unfinished, source], {
      env: {
        ...go.env,
        ...library.env,
        GO111MODULE: "off", // the libraries come from GOPATH, and nothing from the network
        GOENV: "off",
        GOFLAGS: "",
        GOTOOLCHAIN: "local",
        GOCACHE: cache,
        CGO_ENABLED: "0", // neither a C compiler nor the system's resolver
      },
      msMax: BUILD_MS_MAX,
    });
    await Deno.rename(unfinished, program); // whole at once, for another process may look for it
    return program;
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(digest).toHex().slice(0, 16);
}

async function exists(file: string): Promise<boolean> {
  try {
    return (await Deno.stat(file)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
