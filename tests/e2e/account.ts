/** Counts, at the end of each step, what went wrong in it; keeps the words for each thing it counts. @module */

import { waitFor } from "../../tools/wait.ts";
import type { Fleet } from "./fleet.ts";
import { BATCH, COUNTER, type Group, LIVE, ONCE, onceValue } from "./groups.ts";
import { type Held, heldTwice, namesOn, readHeld } from "./held.ts";
import { type Counts, renderTable } from "./ledger.ts";
import type { Load } from "./load.ts";
import type { Observer } from "./observers.ts";
import { findTeeth, type Tooth } from "./sawtooth.ts";

/** What the account is kept of. */
export interface AccountDeps {
  readonly title: string;
  readonly fleet: Fleet;
  readonly load: Load;
  readonly observers: readonly Observer[];
}

/** The account of one run. */
export interface Account {
  /** The members that run now are these, of all; another one is dead, and was killed. */
  livingAre(living: Fleet["members"]): void;
  /** A member came back with old data: samples of it within the next seconds are forgiven. */
  memberReturned(): void;
  /** Waits until all is in place and seen, for a bounded time, and counts what is not. */
  endStep(name: string): Promise<void>;
  /** The table of all steps, and of the whole. */
  close(): Promise<{ total: Counts; table: string; findings: readonly string[] }>;
}

/** A copy on its way is neither twice held nor stuck; what stays so for this long is. */
const SETTLE_MS_MAX = 20_000;
const SEEN_MS_MAX = 15_000;
/** Consul calls a member passing before it is swept: it may show what it had for so long. */
const FORGIVEN_MS = 2_000;

/** Begins an account; its first step begins now. */
export function openAccount({ title, fleet, load, observers }: AccountDeps): Account {
  const rows: [string, Counts][] = [];
  const findings: string[] = [];
  let living = fleet.members;
  /** Groups that lay on a member when it was killed. */
  const killed = new Set<string>();
  /** Groups whose only copy lies on the member that is dead now. */
  let away = new Set<string>();
  let before: Held = new Map();
  let returnedUnixMs = -Infinity;
  let step = { unixMs: Date.now(), pushes: load.pushes, failed: load.failed.length };

  async function settled(): Promise<Held> {
    let held: Held = new Map();
    await waitFor(async () => {
      held = await readHeld(living);
      if (heldTwice(held).length > 0) return false;
      return (await Promise.all(
        fleet.services.map((service) =>
          Promise.all(LIVE.map(async ({ name, path }) => {
            const [copy] = held.get(name) ?? [];
            return copy?.member === await service.ownerOf(path);
          }))
        ),
      )).flat().every((inPlace) => inPlace);
    }, { what: "each group to lie on its owner, once", msMax: SETTLE_MS_MAX, everyMs: 500 })
      .catch((error) => findings.push(`not settled: ${error.message}`));
    return held;
  }

  /** Groups that are not seen with at least these values, after a while. */
  async function unseen(
    name: string,
    { expected, where }: { expected: ReadonlyMap<string, number>; where: Observer },
  ): Promise<string[]> {
    let missing: string[] = [];
    await waitFor(async () => {
      const samples = await where.prometheus.query(name);
      const values = new Map(samples.map(({ metric, value }) => [metric.instance, value]));
      missing = [...expected].flatMap(([group, value]) => {
        const found = values.get(group);
        return found !== undefined && found >= value
          ? []
          : [`${group}: expected ${value}, found ${found}`];
      });
      return missing.length === 0;
    }, { what: "all to be seen", msMax: SEEN_MS_MAX, everyMs: 500 }).catch(() => {});
    return missing;
  }

  async function teeth(way: Observer["way"], from: number, to = Infinity) {
    const { prometheus } = observers.find((observer) => observer.way === way)!;
    const history = await prometheus.history(COUNTER);
    const within = (tooth: { unixMs: number }) => tooth.unixMs >= from && tooth.unixMs < to;
    const found = findTeeth(history).filter(within);
    const samples = history.reduce((n, series) => n + series.samples.filter(within).length, 0);
    return { found, samples };
  }

  function isForgiven({ unixMs }: Tooth): boolean {
    return unixMs >= returnedUnixMs && unixMs < returnedUnixMs + FORGIVEN_MS;
  }

  function tell(what: string, things: readonly string[]): number {
    for (const thing of things) findings.push(`${what}: ${thing}`);
    return things.length;
  }

  return {
    livingAre(now) {
      const dead = living.filter((member) => !now.includes(member));
      away = new Set();
      for (const { address } of dead) {
        for (const name of namesOn(before, address)) {
          killed.add(name);
          away.add(name);
        }
      }
      living = now;
    },
    memberReturned() {
      returnedUnixMs = Date.now();
    },
    async endStep(name) {
      const held = await settled();
      const twice = tell(`${name}: held twice`, heldTwice(held));
      const batch = checkOnce(
        BATCH.filter((group) => !away.has(group.name) || held.has(group.name)),
        held,
      );
      const post = checkOnce(LIVE.filter(({ kind }) => kind === "post"), held);
      const taken = load.taken();
      const kept = new Map(
        BATCH.flatMap((group) =>
          held.has(group.name) ? [[group.name, onceValue(group)] as const] : []
        ),
      );
      const [stuck, unseenBatch] = [new Set<string>(), new Set<string>()];
      for (const where of observers) {
        const late = await unseen(COUNTER, { expected: taken, where });
        for (const one of late) stuck.add(`${one} by ${where.way}`);
        const gone = await unseen(ONCE, { expected: kept, where });
        for (const one of gone) unseenBatch.add(`${one} by ${where.way}`);
      }
      const until = Date.now();
      const [consul, sd] = [
        await teeth("consul_sd", step.unixMs, until),
        await teeth("/sd", step.unixMs, until),
      ];
      tell(`${name}: sawtooth via consul_sd`, consul.found.map(showTooth));
      tell(`${name}: sawtooth via /sd`, sd.found.map(showTooth));
      const failed = load.failed.slice(step.failed);
      tell(
        `${name}: failed push`,
        failed.map(({ group, unixMs, why }) => `${showTime(unixMs)} ${group} ${why}`),
      );
      const [died, lost] = [
        post.filter((group) => killed.has(group.name)),
        post.filter((group) => !killed.has(group.name)),
      ];
      rows.push([name, {
        pushes: load.pushes - step.pushes,
        failed: failed.length,
        samples: consul.samples + sd.samples,
        consulTeeth: consul.found.length,
        forgiven: consul.found.filter(isForgiven).length,
        sdTeeth: sd.found.length,
        heldTwice: twice,
        stuck: tell(`${name}: stuck`, [...stuck]),
        batchLost: tell(`${name}: batch lost`, batch.map(({ name }) => name)) +
          tell(`${name}: batch not seen`, [...unseenBatch]),
        onceLost: tell(`${name}: once lost`, lost.map(({ name }) => name)),
        onceDied: died.length,
      }]);
      before = held;
      step = { unixMs: until, pushes: load.pushes, failed: load.failed.length };
    },
    async close() {
      const [consul, sd] = [await teeth("consul_sd", 0), await teeth("/sd", 0)];
      const sum = (name: keyof Counts) => rows.reduce((n, [, counts]) => n + counts[name], 0);
      const total: Counts = {
        pushes: load.pushes,
        failed: load.failed.length,
        samples: consul.samples + sd.samples,
        consulTeeth: consul.found.length,
        forgiven: sum("forgiven"),
        sdTeeth: sd.found.length,
        heldTwice: sum("heldTwice"),
        stuck: sum("stuck"),
        batchLost: sum("batchLost"),
        onceLost: sum("onceLost"),
        onceDied: rows.at(-1)?.[1].onceDied ?? 0,
      };
      return { total, table: renderTable(title, [...rows, ["total", total]]), findings };
    },
  };
}

/** The groups of which what was pushed once is gone, or another. */
function checkOnce(groups: readonly Group[], held: Held): Group[] {
  return groups.filter((group) => {
    const copies = held.get(group.name) ?? [];
    return !copies.some(({ values }) => values[ONCE] === onceValue(group));
  });
}

function showTooth({ series, unixMs, from, to }: Tooth): string {
  return `${series} ${from} -> ${to} at ${showTime(unixMs)}`;
}

function showTime(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(11);
}
