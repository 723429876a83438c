/** One run of the model: a fleet under load, steps, rest, and the verdict. @module */

import { sleep } from "../../src/concurrency/backoff.ts";
import { type PlannedStep, planSteps, type StepKind } from "./steps.ts";
import { createWorld, type Load, type Setting, type World } from "./world.ts";
import { createRandom } from "../../tools/random.ts";

/** What a run is made of. */
export interface RunOptions {
  readonly seed: number;
  readonly steps: number;
  readonly weights: Readonly<Partial<Record<StepKind, number>>>;
  readonly methods: Load["methods"];
  /** What clients push; three groups, where it is not given. */
  readonly groups?: number;
  /** Between two pushes of a client of a group, in ms. */
  readonly everyMs?: number;
  /** Names of each group's families; as many as pushes, where it is not given. */
  readonly names?: number;
  /** Several have a Consul. One or two, as it comes, where it is not given. */
  readonly instances?: number;
  /** Each member checks no push with this probability. */
  readonly unchecked?: number;
  readonly queueMsMax?: number;
}

/** What a run has brought. */
export interface RunResult {
  readonly setting: Setting;
  readonly steps: readonly PlannedStep[];
  /** What is wrong, in words; nothing where all is well. */
  readonly faults: readonly string[];
  /** How many pushes were answered 2xx. */
  readonly acknowledged: number;
  readonly happenings: readonly string[];
}

const MEMBERS = 3;
const EVERY_MS = 400;
const GROUPS = 3;
/** A member that checks no push takes it so long after it has answered, at most. */
const QUEUE_MS_MAX = 20;
const SETTLE_MS = 10_000;
/** Until each group lies on its owner, once: pushed again each time. */
const ROUNDS_MAX = 8;

/** Runs once, in virtual time. */
export async function runModel(options: RunOptions): Promise<RunResult> {
  const random = createRandom(options.seed);
  const { groups = GROUPS, unchecked = 0 } = options;
  const instances = options.instances ?? random.pick([1, 2, 2]);
  const agents = random.pick((options.instances ?? 1) > 1 ? [1, 2] : [0, 1, 2]);
  const setting: Setting = {
    seed: options.seed,
    members: MEMBERS,
    first: random.pick([[0, 1], [0, 1, 2]]),
    // Instances that share no Consul know nothing of each other.
    instances: agents === 0 ? 1 : instances,
    agents: Math.min(agents, instances),
    aheadMsMax: 3_000,
    groups,
    queueMsMax: Object.fromEntries(
      Array.from({ length: MEMBERS }, (_, i) => i).filter(() =>
        unchecked > 0 && random.next() < unchecked
      ).map((i) => [i, options.queueMsMax ?? QUEUE_MS_MAX]),
    ),
  };
  const steps = planSteps(random, options.steps, {
    members: MEMBERS,
    instances: setting.instances,
    agents: Math.max(1, setting.agents),
    weights: options.weights,
  });
  await using world = createWorld(setting);
  const faults: string[] = [];
  let isOver = false;
  const done = play(world, steps, options).then(
    (found) => void faults.push(...found),
    (error) => void faults.push(error instanceof Error ? error.stack ?? error.message : `${error}`),
  ).finally(() => isOver = true);
  try {
    await world.clockwork.passUntil(() => isOver, { what: "the run to end", msMax: 1_000_000 });
    await done;
  } catch (error) {
    faults.push(String(error));
  }
  const { oracle: { taken: acknowledged }, happenings } = world;
  return { setting, steps, faults, acknowledged, happenings };
}

async function play(
  world: World,
  steps: readonly PlannedStep[],
  { methods, everyMs = EVERY_MS, names }: RunOptions,
): Promise<string[]> {
  const enough = new AbortController();
  const each = { clients: 2, everyMs, methods, ...(names !== undefined && { names }) };
  const load = world.load(each, enough.signal);
  await world.play(steps);
  await world.recover();
  enough.abort();
  await load;
  // What is there twice may be put right before the next push, and what is wrong is seen then.
  await sleep(SETTLE_MS);
  let unsettled: string[] = [];
  for (let round = 0; round < ROUNDS_MAX; round++) {
    for (const via of world.instances.keys()) {
      await Promise.all(world.paths.map((path) => world.push("POST", path, via, names)));
    }
    await sleep(SETTLE_MS);
    unsettled = world.paths.flatMap((path) => unsettledness(world, path));
    if (unsettled.length === 0) break;
  }
  const missing = world.missing().map((what) => `${what} in the end`);
  await world.end();
  return [...world.losses, ...missing, ...unsettled];
}

/** How a group does not lie on its owner, once. */
function unsettledness(world: World, path: string): string[] {
  const holders = world.holders(path);
  const owners = world.instances.map(({ snapshot }) => snapshot.ring.ownerOf(path));
  const isHome = holders.length === 1 && owners.every((owner) => owner === holders[0]);
  return isHome
    ? []
    : [`${path} lies on ${holders.join(" and ")}, its owner is ${owners.join(" and ")}`];
}
