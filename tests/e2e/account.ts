/** Counts, at the end of each step, what went wrong in it; keeps the words for each thing it counts. @module */

import { waitFor } from "../../tools/wait.ts";
import type { Service } from "../integration/service.ts";
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
  /**
   * Brings a member back that has old data: what went back from then on and for two seconds after it
   * was back is forgiven, where the members are found in Consul.
   */
  memberReturns(start: () => Promise<void>): Promise<void>;
  /** Waits until all is in place and seen, for a bounded time, and counts what is not. */
  endStep(name: string): Promise<void>;
  /** The table of all steps, and of the whole. */
  close(): Promise<{ total: Counts; table: string; findings: readonly string[] }>;
}

/** A copy on its way is neither twice held nor stuck; what stays so for this long is. */
const SETTLE_MS_MAX = 20_000;
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
  let forgiven = { fromUnixMs: Infinity, toUnixMs: Infinity };
  let step = { unixMs: Date.now(), pushes: load.pushes, failed: load.failed.length };

  /** What is held when all is in place, or at last; and the pushed groups that are not in place. */
  async function settle(): Promise<{ held: Held; astray: string[] }> {
    let held: Held = new Map();
    let astray: string[] = [];
    await waitFor(async () => {
      held = await readHeld(living);
      astray = (await Promise.all(fleet.services.map((service) => astrayBy(service, held)))).flat();
      return astray.length === 0 && heldTwice(held).length === 0;
    }, { what: "each group to lie on its owner, once", msMax: SETTLE_MS_MAX, everyMs: 500 })
      .catch(() => {}); // what is not so is counted
    return { held, astray };
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
    return unixMs >= forgiven.fromUnixMs && unixMs < forgiven.toUnixMs;
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
    async memberReturns(start) {
      const fromUnixMs = Date.now();
      await start();
      forgiven = { fromUnixMs, toUnixMs: Date.now() + FORGIVEN_MS };
    },
    async endStep(name) {
      const { held, astray } = await settle();
      const present = BATCH.filter((group) => held.has(group.name));
      const batchGone = BATCH.filter((group) => !away.has(group.name) || held.has(group.name))
        .filter((group) => !hasOnce(group, held));
      const onceGone = LIVE.filter((group) => group.kind === "post" && !hasOnce(group, held));
      const pushed = load.taken();
      const batch = new Map(present.map((group) => [group.name, onceValue(group)]));
      const stuck: string[] = [...astray];
      const unseen: string[] = [];
      for (const { way, unseen: lookFor } of observers) {
        stuck.push(...(await lookFor(COUNTER, pushed)).map((what) => `${what} by ${way}`));
        unseen.push(...(await lookFor(ONCE, batch)).map((what) => `${what} by ${way}`));
      }
      const until = Date.now();
      const [consul, sd] = [
        await teeth("Consul", step.unixMs, until),
        await teeth("/sd", step.unixMs, until),
      ];
      tell(`${name}: sawtooth via Consul`, consul.found.map(showTooth));
      tell(`${name}: sawtooth via /sd`, sd.found.map(showTooth));
      const failed = load.failed.slice(step.failed);
      tell(
        `${name}: failed push`,
        failed.map(({ group, unixMs, why }) => `${showTime(unixMs)} ${group} ${why}`),
      );
      const onceLost = onceGone.filter((group) => !killed.has(group.name));
      rows.push([name, {
        pushes: load.pushes - step.pushes,
        failed: failed.length,
        samples: consul.samples + sd.samples,
        consulTeeth: consul.found.length,
        forgiven: consul.found.filter(isForgiven).length,
        sdTeeth: sd.found.length,
        heldTwice: tell(`${name}: held twice`, heldTwice(held)),
        stuck: tell(`${name}: stuck`, stuck),
        batchLost: tell(`${name}: batch lost`, batchGone.map(showGroup)) +
          tell(`${name}: batch not seen`, unseen),
        onceLost: tell(`${name}: once lost`, onceLost.map(showGroup)),
        onceDied: onceGone.length - onceLost.length,
      }]);
      before = held;
      step = { unixMs: until, pushes: load.pushes, failed: load.failed.length };
    },
    async close() {
      const [consul, sd] = [await teeth("Consul", 0), await teeth("/sd", 0)];
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

/** Pushed groups that do not lie where an instance would push them. */
async function astrayBy(service: Service, held: Held): Promise<string[]> {
  const found = await Promise.all(LIVE.map(async ({ name, path }) => {
    const [owner, copies] = [await service.ownerOf(path), held.get(name) ?? []];
    if (copies.some(({ member }) => member === owner)) return [];
    return [`${name} not on its owner ${owner}, by ${service.url}`];
  }));
  return found.flat();
}

/** Whether a copy has what the group was pushed with once. */
function hasOnce(group: Group, held: Held): boolean {
  const copies = held.get(group.name) ?? [];
  return copies.some(({ values }) => values[ONCE] === onceValue(group));
}

function showGroup({ name }: Group): string {
  return name;
}

function showTooth({ series, unixMs, from, to }: Tooth): string {
  return `${series} ${from} -> ${to} at ${showTime(unixMs)}`;
}

function showTime(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(11);
}
