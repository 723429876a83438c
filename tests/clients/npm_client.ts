/**
 * A script that imports prom-client, where Node and Deno both find that package.
 *
 * Deno itself installs it, into a directory of its own: what the service imports under the same pin
 * is in Deno's cache already, so nothing is downloaded, no npm is needed, and the repository gets
 * neither a package.json nor a node_modules.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import config from "../../deno.json" with { type: "json" };
import { outputOf } from "../../tools/command.ts";
import { temporaryDirectory } from "../../tools/server.ts";

/** A script beside the package that it imports. Disposal removes both. */
export interface InstalledScript extends AsyncDisposable {
  readonly path: string;
}

const INSTALL_MS_MAX = 120_000;

/** Copies a script beside prom-client, in the version that deno.json pins. */
export async function installWithPromClient(script: string): Promise<InstalledScript> {
  const directory = await temporaryDirectory("dynamic-sharding-npm");
  const path = `${directory.path}/push.mjs`;
  try {
    const version = config.imports["prom-client"].replace(/^npm:prom-client@/, "");
    const manifest = { type: "module", dependencies: { "prom-client": version } };
    await Deno.writeTextFile(`${directory.path}/package.json`, JSON.stringify(manifest));
    // Pins what prom-client imports in its turn.
    const lock = fileURLToPath(new URL("../../deno.lock", import.meta.url));
    await Deno.copyFile(lock, `${directory.path}/deno.lock`);
    await Deno.copyFile(script, path);
    await outputOf(Deno.execPath(), ["install", "--quiet", "--node-modules-dir=auto"], {
      cwd: directory.path,
      msMax: INSTALL_MS_MAX,
    });
  } catch (error) {
    await directory.remove();
    throw error;
  }
  return { path, [Symbol.asyncDispose]: () => directory.remove() };
}
