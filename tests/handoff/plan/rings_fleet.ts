/**
 * Instances that announce their rings to one another, and hear of it however late. Steps are short
 * texts, so that a list of them reads as a story: `start 0 ab` (instance 0 starts with the ring `ab`),
 * `read 0` (it reads what is announced), `ring 0 b`, `write 0` (what it wants to announce is there now),
 * `begin-write 0` (what it wants now is what the next write has), `push 0 2` (it begins to push the key
 * 2, if it may without a lock), `redirect 0 2` (a client is told to), `answer 0` (its oldest push was
 * answered), `end 0`, `pass` (of time).
 *
 * @module
 */

import type { AnnouncedRing } from "../../../src/handoff/plan/announced_ring.ts";
import { createRings, REDIRECT_MS, type Rings } from "../../../src/handoff/plan/rings.ts";
import type { Member } from "../../../src/member.ts";
import type { HashRing } from "../../../src/ring/hash_ring.ts";
import { a, b, c, ringOf } from "./members.ts";

/** Rings by short names. */
export const RINGS: Readonly<Record<string, HashRing>> = {
  a: ringOf(a),
  b: ringOf(b),
  ab: ringOf(a, b),
  bc: ringOf(b, c),
  abc: ringOf(a, b, c),
};
/** Some keys. */
export const KEYS = ["/metrics/job/job1", "/metrics/job/job2", "/metrics/job/job5"];

const PASS_MS = 300;

interface Instance {
  /** Another one for each start, as a session has. */
  readonly id: string;
  readonly rings: Rings;
  wanted?: AnnouncedRing;
  writing?: AnnouncedRing;
  /** What it has read last, by the instances' IDs. */
  board?: ReadonlyMap<string, AnnouncedRing>;
  readonly pushes: (Push & Disposable)[];
}

/** A push that is sent without a lock. */
export interface Push {
  readonly to: Member;
  readonly key: string;
}

/** A fleet of instances, in which nobody runs at the beginning. */
export interface Fleet {
  take(step: string): void;
  /** All instances that run. */
  readonly all: readonly Rings[];
  /** Pushes without a lock that are on their way, and redirects that clients may still follow. */
  pushes(): readonly Push[];
}

/** The owner of a key, as an instance sees it. */
export function ownerOf({ leader }: Rings, key: string): Member | undefined {
  return leader.ownerOf(key);
}

/** Creates a fleet. */
export function createFleet(): Fleet {
  const board = new Map<string, AnnouncedRing>();
  const instances = new Map<string, Instance>();
  let starts = 0;
  let redirects: (Push & { readonly by: Instance; readonly untilMs: number })[] = [];
  let nowMs = 0;

  /** What the service does whenever something may have changed. */
  function look(name: string): void {
    const instance = instances.get(name);
    if (!instance) return;
    const { board, rings } = instance;
    const others = [...board ?? []].map(([id, announced]) => ({
      ...announced,
      id,
      isOwn: id === instance.id,
      isLost: false,
    }));
    rings.othersChanged(board ? others : "unknown", true);
    instance.wanted = rings.announceable ?? instance.wanted;
  }

  function start(name: string, ring: HashRing): void {
    if (instances.has(name)) return;
    const rings = createRings(ring, { clock: () => nowMs, onAnnounceable: () => look(name) });
    instances.set(name, { id: `${name}-${++starts}`, rings, pushes: [] });
    look(name);
  }

  function read(name: string, instance: Instance): void {
    instance.board = new Map([...board].sort());
    look(name);
  }

  function write(instance: Instance): void {
    const text = instance.writing ?? instance.wanted;
    delete instance.writing;
    if (text) board.set(instance.id, text);
  }

  function push(by: Instance, key: string, isRedirect: boolean): void {
    const { rings, pushes } = by;
    const to = rings.present.ownerOf(key);
    if (to === undefined || !rings.isFree(key)) return;
    if (isRedirect) redirects.push({ to, key, by, untilMs: nowMs + REDIRECT_MS });
    else {
      const sent = rings.sends(to, key);
      pushes.push({ to, key, [Symbol.dispose]: () => sent[Symbol.dispose]() });
    }
  }

  function pass(): void {
    nowMs += PASS_MS;
    redirects = redirects.filter(({ untilMs }) => untilMs > nowMs);
    for (const name of instances.keys()) look(name);
  }

  return {
    take(step) {
      const [what, name, about] = step.split(" ");
      if (what === "pass") return pass();
      if (what === "start") return start(name, RINGS[about]);
      const instance = instances.get(name);
      if (!instance) return;
      switch (what) {
        case "ring":
          instance.rings.ringChanged(RINGS[about]);
          return look(name);
        case "begin-write":
          instance.writing ??= instance.wanted;
          return;
        case "write":
          return write(instance);
        case "read":
          return read(name, instance);
        case "push":
        case "redirect":
          return push(instance, KEYS[Number(about)], what === "redirect");
        case "answer":
          return instance.pushes.shift()?.[Symbol.dispose]();
        case "end":
          if (instance.pushes.length > 0) return; // it waits for them
          instances.delete(name);
          board.delete(instance.id);
          return;
      }
    },
    get all() {
      return [...instances.values()].map(({ rings }) => rings);
    },
    pushes: () => [...redirects, ...[...instances.values()].flatMap(({ pushes }) => pushes)],
  };
}
