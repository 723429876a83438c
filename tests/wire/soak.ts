/**
 * Ours against Go's net/http by hand, with other seeds: each connection has its own.
 *
 *     deno run -A tests/wire/soak.ts                       200,000 requests, from seed 1 on
 *     deno run -A tests/wire/soak.ts --seed=7042 --requests=1
 *
 * @module
 */

import { parseArgs } from "node:util";
import { parseNumber } from "../blackbox/soak.ts";
import { ANYTHING } from "./generate/generate.ts";
import { startGoServer } from "./go_server.ts";
import { EXPECTED, startOurs } from "./ours.ts";
import { run } from "./run.ts";

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seed: { type: "string", default: "1" },
      requests: { type: "string", default: "200000" },
    },
  });
  await using theirs = await startGoServer();
  await using ours = startOurs();
  const { connections, requests, agreed, seen, unexpected } = await run({
    ours,
    theirs,
    profile: ANYTHING,
    expected: EXPECTED,
    seed: parseNumber("--seed", values.seed),
    requests: parseNumber("--requests", values.requests),
  });
  console.log(`${requests} requests on ${connections} connections, ${agreed} understood alike`);
  for (const entry of EXPECTED) console.log(`${seen.get(entry) ?? 0}\t${entry.name}`);
  for (const text of unexpected) console.log(`\n${text}`);
  if (unexpected.length > 0) Deno.exitCode = 1;
}
