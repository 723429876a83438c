/**
 * `deno task compile`: one self-contained program for this machine.
 *
 *     deno task compile [--output=dist/dynamic-sharding]
 *
 * @module
 */

import { parseArgs } from "node:util";
import { bundle, compile, DIST, readSource } from "./build.ts";

const { values } = parseArgs({
  args: Deno.args,
  options: { output: { type: "string", default: `${DIST}/dynamic-sharding` } },
});
const source = await readSource();
await compile({ bundled: await bundle(source), output: values.output });
console.log(`${values.output}: revision ${source.revision}`);
