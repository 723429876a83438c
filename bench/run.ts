/**
 * Measures, and prints one table, one of what clients tell of failures, and one of the Pushgateways
 * themselves. No number makes it fail: timing is not right or wrong.
 *
 *     deno task bench [micro] [load] [proxy] [shards] [handoff] [pushed] [page] [binary] [memory]
 *         [client] [reuse] [--only=drain,scale-out] [--rounds=30] [--seconds=1] [--connections=64]
 *         [--pushes=3000000] [--push-1.0.0] [--binary=PATH]
 *
 * @module
 */

import { parseArgs } from "node:util";
import { runBinary } from "./binary.ts";
import { runClient } from "./client.ts";
import { clientRows, renderFailures } from "./client_rows.ts";
import { machine } from "./cpu.ts";
import { HANDOFF_PARTS, type HandoffPart, runHandoff } from "./handoff.ts";
import { handoffRows } from "./handoff_rows.ts";
import { runLoad } from "./load.ts";
import { runMemory } from "./memory.ts";
import { memoryRows } from "./memory_rows.ts";
import { runMicro } from "./micro.ts";
import { pageRows, runPage } from "./page.ts";
import { runProxy } from "./proxy.ts";
import { runPushed } from "./pushed.ts";
import { pushedRows } from "./pushed_rows.ts";
import { runReuse } from "./reuse.ts";
import { runShards } from "./shards.ts";
import {
  binaryRows,
  loadRows,
  microRows,
  proxyRows,
  renderShards,
  renderTable,
  reuseRows,
  type Row,
} from "./table.ts";
import { CONNECTIONS } from "./wrk.ts";

const PUSHES_MAX = 10_000_000;
const PARTS = [
  "micro",
  "load",
  "proxy",
  "shards",
  "handoff",
  "pushed",
  "page",
  "binary",
  "memory",
  "client",
  "reuse",
] as const;

/** @throws {TypeError} where the command line says something else than what can be measured */
function parseCommand(args: readonly string[]) {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "30" },
      seconds: { type: "string", default: "1" },
      connections: { type: "string", default: String(CONNECTIONS) },
      pushes: { type: "string", default: "3000000" },
      "push-1.0.0": { type: "boolean", default: false },
      binary: { type: "string" },
      only: { type: "string" },
    },
  });
  const unknown = positionals.filter((part) => !(PARTS as readonly string[]).includes(part));
  if (unknown.length > 0) {
    throw new TypeError(`expected ${PARTS.join(", ")}, found ${unknown.join(", ")}`);
  }
  const count = (name: "rounds" | "seconds" | "connections" | "pushes", max = 9_999) => {
    const value = Number(values[name]);
    if (/^[1-9]\d*$/.test(values[name]) && value <= max) return value;
    throw new TypeError(`--${name}: expected a number from 1 to ${max}, found ${values[name]}`);
  };
  const only = values.only?.split(",") ?? HANDOFF_PARTS;
  const unknownOnly = only.filter((part) => !(HANDOFF_PARTS as readonly string[]).includes(part));
  if (unknownOnly.length > 0) {
    throw new TypeError(
      `--only: expected parts of handoff (${HANDOFF_PARTS.join(", ")}), found ${
        unknownOnly.join(", ")
      }`,
    );
  }
  return {
    handoff: { parts: only as readonly HandoffPart[] },
    parts: positionals.length > 0 ? positionals : PARTS,
    load: {
      rounds: count("rounds"),
      seconds: count("seconds"),
      connections: count("connections"),
    },
    memory: {
      rounds: count("rounds"),
      pushes: count("pushes", PUSHES_MAX),
      pushEarlier: values["push-1.0.0"],
      binary: values.binary,
    },
  };
}

function catchStop(): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => stop.abort(new Error(`stopped by ${name}`)));
  }
  return stop.signal;
}

async function main(): Promise<void> {
  const { parts, load, handoff, memory } = parseCommand(Deno.args);
  const common = { signal: catchStop(), log: console.error };
  const rows: Row[] = [];
  if (parts.includes("micro")) rows.push(...microRows(await runMicro(common)));
  if (parts.includes("load")) rows.push(...loadRows(await runLoad({ ...load, ...common })));
  if (parts.includes("proxy")) rows.push(...proxyRows(await runProxy({ ...load, ...common })));
  if (parts.includes("reuse")) rows.push(...reuseRows(await runReuse({ ...load, ...common })));
  if (parts.includes("handoff")) {
    rows.push(...handoffRows(await runHandoff({ ...handoff, ...common })));
  }
  if (parts.includes("pushed")) rows.push(...pushedRows(await runPushed(common)));
  if (parts.includes("page")) rows.push(...pageRows(await runPage(common)));
  if (parts.includes("binary")) rows.push(...binaryRows(await runBinary(common)));
  if (parts.includes("memory")) rows.push(...memoryRows(await runMemory({ ...memory, ...common })));
  const client = parts.includes("client") ? await runClient(common) : undefined;
  if (client) rows.push(...clientRows(client));
  console.log(machine());
  if (rows.length > 0) console.log(`\n${renderTable(rows)}`);
  if (client) console.log(`\n${renderFailures(client)}`);
  if (parts.includes("shards")) console.log(`\n${renderShards(await runShards(common))}`);
}

if (import.meta.main) {
  try {
    await main();
    Deno.exit(0); // the signal listeners would keep it alive
  } catch (error) {
    console.error(`bench: ${(error as Error).message}`);
    Deno.exit(1);
  }
}
