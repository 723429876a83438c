/** The server of Go's net/http, compiled once from Debian's packages. @module */

import { fileURLToPath } from "node:url";
import { startProcess } from "../../tools/process.ts";
import { buildWithClientGolang } from "../clients/go_client.ts";
import type { WireServer } from "./ours.ts";

const SOURCE = fileURLToPath(new URL("scripts/go_server.go", import.meta.url));

/** Starts it on a free port. */
export async function startGoServer(): Promise<WireServer> {
  const program = await buildWithClientGolang(SOURCE);
  const addressOf = (output: string) => /^listening on ([\d.]+):(\d+)$/m.exec(output);
  const server = await startProcess(program, {
    name: "net/http",
    ready: ({ output }) => addressOf(output) !== null,
    readyEveryMs: 20,
  });
  const [, hostname, port] = addressOf(server.output()) ?? [];
  return {
    hostname,
    port: Number(port),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
