/** One run: a fleet under load, faults, rest, and the verdict. @module */

import { untilAborted } from "../../src/concurrency/abort.ts";
import { sleep } from "../../src/concurrency/backoff.ts";
import { ALL_SERVERS, FIRST_SERVERS, type Fleet, startFleet } from "./fleet.ts";
import { manyGroups } from "./groups.ts";
import { readHeld } from "./held.ts";
import type { Happening, Note } from "./history.ts";
import { createInflictor } from "./inflict.ts";
import { type Failed, openLedger } from "./ledger.ts";
import { startLoad } from "./load.ts";
import { judge, type Verdict } from "./oracle.ts";
import { type FaultKind, planFaults } from "./plan.ts";
import { createRandom } from "../../tools/random.ts";
import { readOwners, restoreMembers, settle } from "./settle.ts";
import type { Trail } from "./trail.ts";

/** What a run is made of. */
export interface RunOptions {
  readonly seed: number;
  /** How long faults come. */
  readonly seconds: number;
  /** So many times as many groups, and pushes a second; once by default. */
  readonly rate?: number;
  /** Kinds of faults that may come; none for a run without faults. */
  readonly kinds: readonly FaultKind[];
  /** Ends the run early; its reason is thrown. */
  readonly signal: AbortSignal;
}

/** What a run has brought. */
export interface RunResult extends Verdict {
  readonly seed: number;
  /** From the first push to the last. */
  readonly seconds: number;
  /** Pushes that were answered 2xx. */
  readonly acknowledged: number;
  readonly failed: readonly Failed[];
  /** Members that stayed out of the ring though they were wanted, in words. */
  readonly keptOut: readonly string[];
  /** What had not come to rest in time, in words. */
  readonly unsettled: readonly string[];
  readonly faults: readonly Happening[];
  readonly trail: Trail;
  /** The names of the members, by their addresses. */
  readonly memberNames: ReadonlyMap<string, string>;
  /** The whole log of each instance, by its name. */
  readonly logs: ReadonlyMap<string, string>;
}

/** The load draws from a sequence of its own: the faults of a seed do not hang on its pace. */
const LOAD_SEED = 0x10ad;

/**
 * Runs once. All that it starts is stopped when it ends, however that is.
 *
 * @throws where the fleet does not start, or an instance does not do what it is told
 */
export async function runOnce(options: RunOptions): Promise<RunResult> {
  const { seed, rate = 1, signal } = options;
  await using stack = new AsyncDisposableStack();
  const fleet = await startFleet(stack, { rate, signal });
  const { members, instances, trail } = fleet;
  const faults: Happening[] = [];
  const ledger = openLedger();
  const groups = manyGroups(rate);
  const started = performance.now();
  const note = (what: string) => void faults.push({ unixMs: Date.now(), what });
  const keptOut: string[] = [];
  let unsettled: readonly string[];
  try {
    await using load = startLoad({
      groups,
      instances,
      random: createRandom(seed ^ LOAD_SEED),
      ledger,
    });
    keptOut.push(...await disturb(fleet, options, note));
    keptOut.push(...await restoreMembers(fleet, signal));
    note("all members are in both rings");
    await load.stop();
    note("the load has ended");
    unsettled = await settle(fleet, { groups, ledger, note, signal });
    note("the verdict is passed");
  } catch (error) {
    signal.throwIfAborted();
    throw new RunFailure(error, { faults, logs: logsOf(fleet) });
  }
  const seconds = (performance.now() - started) / 1_000;
  const { acknowledged, failed } = ledger;
  const verdict = judge({
    acknowledged,
    held: await readHeld(members),
    owners: await readOwners(fleet, groups),
  });
  return {
    ...verdict,
    seed,
    seconds,
    acknowledged: acknowledged.length,
    failed,
    keptOut,
    unsettled,
    faults,
    trail,
    memberNames: new Map(members.map(({ address, name }) => [address, name])),
    logs: logsOf(fleet),
  };
}

/** A run that came to no verdict, and what is known of it. */
export class RunFailure extends Error {
  override readonly name = "RunFailure";
  readonly faults: readonly Happening[];
  readonly logs: ReadonlyMap<string, string>;

  constructor(cause: unknown, { faults, logs }: Pick<RunResult, "faults" | "logs">) {
    super(`the run came to no verdict: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
    this.faults = faults;
    this.logs = logs;
  }
}

/**
 * Inflicts faults until the time is up, and ends those that last.
 *
 * @returns members that stayed out, in words
 */
async function disturb(
  fleet: Fleet,
  { seed, seconds, kinds, signal }: RunOptions,
  note: Note,
): Promise<readonly string[]> {
  const timeUp = new AbortController();
  const timer = setTimeout(() => timeUp.abort(), seconds * 1_000);
  const isOver = () => timeUp.signal.aborted || signal.aborted;
  const plan = planFaults(createRandom(seed), {
    kinds,
    instances: fleet.instances.length,
    members: ALL_SERVERS.length,
    servers: FIRST_SERVERS,
  });
  try {
    await using inflictor = createInflictor(fleet, { note, signal });
    for (const { pauseMs, fault } of plan) {
      await sleep(pauseMs, signal); // the last fault has its pause, too
      if (!isOver()) await inflictor.prepare(fault);
      if (isOver()) break;
      await inflictor.inflict(fault);
    }
    await untilAborted(AbortSignal.any([timeUp.signal, signal]));
    signal.throwIfAborted();
    note("all faults end");
    await inflictor.end();
    return inflictor.keptOut;
  } finally {
    clearTimeout(timer);
  }
}

function logsOf({ instances }: Fleet): Map<string, string> {
  return new Map(instances.map((instance) => [instance.name, instance.log()]));
}
