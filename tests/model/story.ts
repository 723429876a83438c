/** A fleet that a test steers by hand, in virtual time. @module */

import assert from "node:assert/strict";
import { sleep } from "../../src/concurrency/backoff.ts";
import { HashRing } from "../../src/ring/hash_ring.ts";
import { createWorld, memberName, type Setting, SHARED_FAMILY, type World } from "./world.ts";

/** What a test does in a fleet. */
export interface Story {
  readonly world: World;
  /** A client pushes through an instance; it has to be answered 2xx. Returns the family's name. */
  push(method: "PUT" | "POST" | "DELETE", path: string, via?: number): Promise<string>;
  /** A client pushes a family of its own to a member directly. Returns the family's name. */
  stray(method: "PUT" | "POST", path: string, member: number): string;
  /** The file names these members from now on; ends when they are the ring of all instances. */
  scale(members: readonly number[]): Promise<void>;
  wait(ms: number): Promise<void>;
  /** Ends when the ring of all instances is made of these members. */
  ringIs(members: readonly number[]): Promise<void>;
  /** Who holds a group, by numbers, with the families that it has there, but for the shared one. */
  holders(path: string): Record<number, string[]>;
}

const STORY_MS_MAX = 600_000;
const MEMBERS = 3;
const RING_MS_MAX = 60_000;
const LOOK_MS = 100;

/** One instance without Consul in front of members whose clocks are right, unless told otherwise. */
const SETTING: Setting = {
  seed: 1,
  members: MEMBERS,
  first: [0],
  instances: 1,
  agents: 0,
  aheadMsMax: 0,
  groups: 0,
  queueMsMax: {},
};

/** Lets a story happen from the moment on when the first members are in the ring. */
export async function tell(
  setting: Partial<Setting>,
  happens: (story: Story) => Promise<void>,
): Promise<void> {
  const whole = { ...SETTING, ...setting };
  await using world = createWorld(whole);
  let isOver = false;
  const story = createStory(world);
  const done = Promise.allSettled([
    story.ringIs(whole.first).then(() => happens(story)).finally(() => world.end()),
  ]);
  void done.then(() => isOver = true);
  try {
    const what = "the story to end";
    await world.clockwork.passUntil(() => isOver, { what, msMax: STORY_MS_MAX });
    const [outcome] = await done;
    if (outcome.status === "rejected") throw outcome.reason;
  } catch (error) {
    if (error instanceof Error) {
      error.message += `\nwhat happened:\n${world.happenings.join("\n")}`;
    }
    throw error;
  }
}

/** The first of some paths that belongs to one member among others. */
export function pathOwnedBy(owner: number, among: readonly number[]): string {
  return pathThatGoes([among, owner]);
}

/** The first of some paths that belongs to these members, by rings of these. */
export function pathThatGoes(
  ...owners: readonly (readonly [among: readonly number[], owner: number])[]
): string {
  const rings = owners.map(([among, owner]) => {
    const ring = HashRing.of(new Map(among.map((i) => [memberName(i), 1])));
    return { ring, owner: memberName(owner) };
  });
  for (let i = 0;; i++) {
    const path = `/metrics/job/job${i}`;
    if (rings.every(({ ring, owner }) => ring.ownerOf(path) === owner)) return path;
  }
}

function createStory(world: World): Story {
  let strays = 0;

  async function ringIs(members: readonly number[]): Promise<void> {
    const wanted = members.map((i) => world.members[i]).toSorted().join();
    const isSo = () =>
      world.instances.every(({ snapshot: { ring } }) => ring.members.join() === wanted);
    const giveUpMs = world.clockwork.nowMs + RING_MS_MAX;
    while (!isSo()) {
      assert(world.clockwork.nowMs < giveUpMs, `the ring is not ${wanted}`);
      await sleep(LOOK_MS);
    }
  }

  return {
    world,
    ringIs,
    wait: sleep,
    async push(method, path, via = 0) {
      const { status, families } = await world.push(method, path, via);
      assert(status !== undefined && status < 300, `${method} ${path} was answered ${status}`);
      return [...families.keys()].filter((name) => name !== SHARED_FAMILY).join();
    },
    stray(method, path, member) {
      const name = `stray${++strays}`;
      const body = new TextEncoder().encode(`${name} 1\n`);
      world.hosts[member].pushgateway.answer({ method, target: path, headers: [], body });
      return name;
    },
    async scale(members) {
      world.names(members);
      await Promise.all(world.instances.map((instance) => instance.reload()));
      await ringIs(members);
    },
    holders: (path) =>
      Object.fromEntries(world.hosts.flatMap(({ pushgateway: { groups } }, i) => {
        const group = groups.get(path);
        if (!group) return [];
        const names = [...group.families]
          .filter(([name, { value }]) => value !== undefined && name !== SHARED_FAMILY);
        return [[i, names.map(([name]) => name).toSorted()]];
      })),
  };
}
