/**
 * Imports a client, both or nothing, and prints the memory that the process has then.
 *
 *     deno run -A bench/client_start.ts nothing|ours|undici|both
 *
 * @module
 */

import { memoryBytes } from "./cpu.ts";

const [name] = Deno.args;
if (name === "ours" || name === "both") await import("../src/pushgateway/client/transport.ts");
if (name === "undici" || name === "both") await import("undici/index.js");
console.log(await memoryBytes(Deno.pid, "VmRSS"));
Deno.exit(0);
