/** What one sweep of all members takes the service, beside one that does not sweep. @module */

import { sleep } from "../src/concurrency/backoff.ts";
import { freePorts } from "../tools/ports.ts";
import { cpuSeconds } from "./cpu.ts";
import { type Build, type BuildName, type HandoffOptions, ofEach } from "./handoff_builds.ts";
import { EARLIER } from "../tools/earlier.ts";
import { anyGroups, type Members, startMembers } from "./handoff_members.ts";
import { MEMBERS } from "./handoff_sweep.ts";
import { readMetrics, startService } from "./service.ts";

/** CPU seconds of one sweep of all members, by round. */
export interface SweepCpu {
  readonly groups: number;
  readonly rounds: ReadonlyMap<BuildName, readonly number[]>;
}

const GROUPS = 100_000;
const ROUNDS = 2;
/** After the start of the service, until sweeps come by the clock only. */
const FIRST_MS = 8_000;
const SWEEPS = 3;
const INTERVAL = "5s";
const LOOK_MS = 100;
const SWEEP_MS_MAX = 60_000;

/**
 * Fills members, and lets the builds sweep them in turn.
 *
 * @throws {Error} where something does not start, or is not swept in time; the signal's reason
 */
export async function runSweepCpu(options: HandoffOptions): Promise<SweepCpu> {
  const { signal, log } = options;
  log(`handoff: CPU of a sweep: filling ${MEMBERS} Pushgateways with ${GROUPS} groups`);
  await using members = await startMembers({ count: MEMBERS, groups: anyGroups(GROUPS), signal });
  const rounds = new Map<BuildName, number[]>();
  for (let round = 1; round <= ROUNDS; round++) {
    for (const [name, seconds] of await ofEach(options, (build) => sweep(build, members, signal))) {
      log(`handoff: CPU of a sweep, ${name}: ${seconds.toFixed(2)} s`);
      rounds.set(name, [...rounds.get(name) ?? [], seconds]);
    }
  }
  return { groups: GROUPS, rounds };
}

async function sweep(
  { name, program }: Build,
  { addresses: members, directory }: Members,
  signal: AbortSignal,
): Promise<number> {
  const [port, idlePort] = freePorts(2);
  const common = { mode: "redirect", members, directory, program } as const;
  const config = `handoff:\n  sweep_interval: ${INTERVAL}\n`;
  await using sweeping = await startService({ ...common, port, config });
  const off = "handoff:\n  enabled: false\n";
  await using idle = await startService({ ...common, port: idlePort, config: off });
  // The first release counts a round of all members as one.
  const reads = name === EARLIER ? 1 : members.length;
  const sweeps = async () => {
    const metric = await readMetrics(`http://127.0.0.1:${port}`, signal);
    return metric("handoff_sweep_duration_seconds_count") / reads;
  };
  const used = async () => await cpuSeconds(sweeping.pid) - await cpuSeconds(idle.pid);
  /** Until a sweep has ended, the counted one of some. */
  const afterMore = async (count: number) => {
    const before = Math.floor(await sweeps());
    const endMax = performance.now() + count * SWEEP_MS_MAX;
    for (;;) {
      await sleep(LOOK_MS, signal);
      signal.throwIfAborted();
      const now = await sweeps();
      if (now >= before + count) return { sweeps: now, cpu: await used() };
      if (performance.now() > endMax) {
        throw new Error(`${name}: expected ${count} sweeps, found ${now - before}`);
      }
    }
  };
  await sleep(FIRST_MS, signal);
  const first = await afterMore(1);
  const last = await afterMore(SWEEPS);
  return (last.cpu - first.cpu) / (last.sweeps - first.sweeps);
}
