/**
 * Does one kind of work with one client, in a process of its own, and prints what it took as JSON.
 *
 *     deno run -A bench/client_child.ts CLIENT WORK HOST:PORT…
 *
 * @module
 */

import { parseMember } from "../src/member.ts";
import {
  type ClientName,
  type Work,
  type WorkClient,
  type WorkName,
  WORKS,
} from "./client_work.ts";
import { cpuSeconds, memoryBytes } from "./cpu.ts";

/** What a process prints. */
export interface Cost {
  /** For one unit of the work. */
  readonly cpuMicroseconds: number;
  /** The most that the process has had. */
  readonly peakBytes: number;
}

/** Only the client that is measured may be in memory. */
const OPEN: Readonly<Record<ClientName, () => Promise<WorkClient>>> = {
  ours: async () => (await import("./client_ours.ts")).openOurs(),
  undici: async () => (await import("./client_undici.ts")).openUndici(),
  dispatch: async () => (await import("./client_undici.ts")).openDispatch(),
};

async function main([clientName, workName, ...names]: string[]): Promise<void> {
  const work = WORKS[workName as WorkName];
  const members = names.slice(0, work.members).map((name) => parseMember(name));
  const client = await OPEN[clientName as ClientName]();
  const run = async (units: number, work: Work) => {
    const each = units / members.length;
    await Promise.all(members.map(async (member) => {
      for (let i = 0; i < each; i++) await work.run(client, member);
    }));
  };
  await run(work.warmUp, work);
  const before = await cpuSeconds(Deno.pid);
  await run(work.units, work);
  const seconds = await cpuSeconds(Deno.pid) - before;
  client.close();
  const cost: Cost = {
    cpuMicroseconds: seconds * 1e6 / work.units,
    peakBytes: await memoryBytes(Deno.pid, "VmHWM"),
  };
  console.log(JSON.stringify(cost));
  Deno.exit(0); // a library may keep timers
}

if (import.meta.main) await main(Deno.args);
