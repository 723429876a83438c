/**
 * Looks for lost pushes under random faults, for as long as it is told; exits 1 where there is one.
 *
 *     deno task soak [--seeds=1000]         the model: the whole service in virtual time
 *     deno task soak --minutes=1            real processes, in real time
 *
 * The modules that it imports know more options.
 *
 * @module
 */

import { soakProcesses } from "./blackbox/soak.ts";
import { soakModel } from "./model/soak.ts";

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(name, () => stop.abort(new Error(`stopped by ${name}`)));
}
try {
  const isReal = Deno.args.some((arg) => arg.startsWith("--minutes"));
  const soak = isReal ? soakProcesses : soakModel;
  const clean = await soak(Deno.args, stop.signal);
  Deno.exit(clean ? 0 : 1); // the signal listeners would keep it alive
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  Deno.exit(1);
}
