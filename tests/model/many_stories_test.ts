/** What becomes of pushes that come while groups are moved, one story each. @module */

import assert from "node:assert/strict";
import { HashRing } from "../../src/ring/hash_ring.ts";
import { pathOwnedBy, pathThatGoes, type Story, tell } from "./story.ts";
import { memberName, SHARED_FAMILY } from "./world.ts";

const [A, B, C] = [0, 1, 2];
const ALL = [0, 1, 2];
const WAIT_MS = 5_000;
const DRAIN_MS = 60_000;

const drain = ({ world }: Story, member = A, via = 0) =>
  world.instances[via].ask("PUT", `/api/v1/members/${world.members[member]}/drain`);

/** Some groups of one member. */
function pathsOf(owner: number, among: readonly number[], count: number): string[] {
  const ring = HashRing.of(new Map(among.map((i) => [memberName(i), 1])));
  const paths: string[] = [];
  for (let i = 0; paths.length < count; i++) {
    const path = `/metrics/job/many/n/${i}`;
    if (ring.ownerOf(path) === memberName(owner)) paths.push(path);
  }
  return paths;
}

/** Puts so many groups on the first of all members, and waits until everybody has read them. */
async function fill({ world, push, wait }: Story, count: number): Promise<string[]> {
  const paths = pathsOf(A, ALL, count);
  for (const path of paths) await push("PUT", path);
  await wait(3 * WAIT_MS);
  // While the instances did not know of each other, a push may have left two copies.
  const twice = paths.filter((path) => world.holders(path).length > 1);
  for (const path of twice) await push("PUT", path);
  return paths;
}

/** Fails where two members show different values of a group while pushes are under way. */
async function assertSeenOnce(
  story: Story,
  paths: readonly string[],
  pushing: Promise<unknown>,
): Promise<void> {
  let isOver = false;
  void pushing.catch(() => {}).then(() => isOver = true);
  while (!isOver) {
    await story.wait(1);
    for (const path of paths) {
      const values = valuesOf(story, path);
      assert(new Set(values).size <= 1, `${path} is ${values.join(" and ")}`);
    }
  }
  await pushing;
}

/** The value that every push of a group has, on each member that holds it. */
function valuesOf({ world }: Story, path: string): number[] {
  return world.hosts.flatMap(({ pushgateway: { groups } }) =>
    groups.get(path)?.families.get(SHARED_FAMILY)?.value ?? []
  );
}

async function until({ wait }: Story, isSo: () => boolean): Promise<void> {
  for (let looks = 0; !isSo(); looks++) {
    assert(looks < 100_000, "it never is so");
    await wait(1);
  }
}

Deno.test("what was POSTed to a member that checks nothing a moment before its group is moved is there", async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const queueMsMax = { [seed % 2 === 0 ? A : B]: 490 };
    await tell({ seed, first: [A], queueMsMax }, async ({ world, push, scale, wait, holders }) => {
      const paths = pathsOf(B, [A, B], 20);
      for (const path of paths) await push("PUT", path);
      await wait(WAIT_MS);
      await scale([A, B]);
      await wait(WAIT_MS);
      await Promise.all(paths.map((path) => push("POST", path)));
      await wait(3 * WAIT_MS);
      assert.deepEqual(world.losses, [], `seed ${seed}`);
      for (const path of paths) assert.deepEqual(Object.keys(holders(path)), [`${B}`]);
    });
  }
});

Deno.test("a push to the member that is drained, past us, is moved with what is POSTed next", async () => {
  for (let seed = 1; seed <= 12; seed++) {
    await tell({ seed, first: ALL }, async (story) => {
      const { world, push, stray, wait, holders } = story;
      const path = pathOwnedBy(A, ALL);
      const families = [await push("PUT", path), await push("POST", path)];
      await wait(WAIT_MS);
      for (const host of world.hosts) host.pagesTakeMs = 300;
      await drain(story);
      await until(story, () => Object.keys(holders(path)).length === 2);
      families.push(stray("POST", path, A));
      await until(story, () => Object.keys(holders(path)).length === 1);
      for (let i = 0; i < 3; i++) {
        families.push(await push("POST", path));
        await wait(100);
      }
      await wait(DRAIN_MS);
      assert.deepEqual(world.losses, [], `seed ${seed}`);
      assert.deepEqual(Object.values(holders(path)), [families.toSorted()], `seed ${seed}`);
    });
  }
});

Deno.test("a POST of a group that lies elsewhere is followed by its move, however slow the reads", async () => {
  for (const agents of [0, 1]) {
    await tell({ first: [A], agents }, async ({ world, push, scale, wait, holders }) => {
      const path = pathOwnedBy(B, [A, B]);
      const families = [await push("PUT", path)];
      await wait(WAIT_MS);
      await scale([A, B]);
      await wait(3 * WAIT_MS);
      for (const host of world.hosts) host.pagesTakeMs = 2_000;
      families.push(await push("POST", path));
      await wait(DRAIN_MS);
      assert.deepEqual(holders(path), { [B]: families.toSorted() }, `agents: ${agents}`);
    });
  }
});

Deno.test("what another instance POSTs to a copy before that is looked for stays there", async () => {
  for (let seed = 1; seed <= 6; seed++) {
    await tell({ seed, first: ALL, instances: 2, agents: 1 }, async (story) => {
      const { world, push, wait } = story;
      const paths = await fill(story, 12);
      await drain(story);
      await Promise.all(paths.map(async (path, i) => {
        await until(story, () => world.holders(path).length === 2);
        await push("POST", path, i % 2);
      }));
      await wait(DRAIN_MS);
      assert.deepEqual(world.losses, [], `seed ${seed}`);
      assert.deepEqual(paths.filter((path) => world.holders(path).length !== 1), []);
    });
  }
});

for (const method of ["PUT", "POST"] as const) {
  Deno.test(`a ${method} through another instance of a group that was copied is seen on no member before the other`, async () => {
    // With the last three seeds a push waits while the mover deletes what it has copied.
    for (const seed of [1, 2, 3, 4, 5, 6, 32, 42, 43]) {
      await tell({ seed, first: ALL, instances: 2, agents: 1 }, async (story) => {
        const { world, push, wait } = story;
        const paths = await fill(story, 12);
        for (const host of world.hosts) host.pagesTakeMs = 300;
        await drain(story);
        const pushing = Promise.all(paths.map(async (path, i) => {
          await until(story, () => world.holders(path).length === 2);
          await push(method, path, i % 2);
        }));
        await assertSeenOnce(story, paths, pushing);
        await wait(DRAIN_MS);
        assert.deepEqual(world.losses, [], `seed ${seed}`);
        assert.deepEqual(paths.filter((path) => world.holders(path).length !== 1), []);
      });
    }
  });
}

Deno.test("a PUT through another instance of a group that was just moved is seen on no former holder", async () => {
  for (let seed = 1; seed <= 4; seed++) {
    await tell({ seed, first: ALL, instances: 2, agents: 1 }, async (story) => {
      const { world, push, wait } = story;
      const paths = await fill(story, 12);
      await drain(story);
      const pushing = Promise.all(paths.map(async (path, i) => {
        await until(story, () => !world.holders(path).includes(world.members[A]));
        await wait(100 * i);
        await push("PUT", path, i % 2);
      }));
      await assertSeenOnce(story, paths, pushing);
      await wait(DRAIN_MS);
      assert.deepEqual(world.losses, [], `seed ${seed}`);
      assert.deepEqual(paths.filter((path) => world.holders(path).length !== 1), []);
    });
  }
});

for (const instances of [1, 2, 3]) {
  for (
    const [change, before, after, seeds] of [
      ["leaves", ALL, [B, C], [1, 2, 3, 5, 6, 19]],
      // With most of these an instance hears of the new ring before it is its own.
      ["joins", [B, C], ALL, [4, 20, 32, 40, 52, 65]],
    ] as const
  ) {
    Deno.test(`a group that is PUT all the time while a member ${change} never has two values, through ${instances} of the instances`, async () => {
      for (const seed of seeds) {
        await tell({ seed, first: before, instances, agents: instances - 1 }, async (story) => {
          const { world, push, wait, scale } = story;
          const paths = pathsOf(A, ALL, 4);
          for (const path of paths) await push("PUT", path);
          await wait(5 * WAIT_MS); // instances that have just met do not rely on each other yet
          for (const path of paths) await push("PUT", path);
          let isOver = false;
          const pushing = Promise.all(paths.map(async (path) => {
            for (let i = 0; !isOver; i++) {
              await push("PUT", path, i % instances);
              await wait(5);
            }
          }));
          const changed = scale(after).then(() => wait(2 * WAIT_MS)).finally(() => isOver = true);
          await Promise.all([assertSeenOnce(story, paths, changed), pushing]);
          assert.deepEqual(world.losses, [], `seed ${seed}`);
          assert.deepEqual(paths.filter((path) => world.holders(path).length !== 1), []);
        });
      }
    });
  }
}

for (const instances of [1, 2]) {
  Deno.test(`a PUT while a member leaves for the second time within a minute makes no second copy, through ${instances} of the instances`, async () => {
    for (let seed = 1; seed <= 3; seed++) {
      await tell({ seed, first: ALL, instances, agents: 1 }, async (story) => {
        const { world, push, wait, scale } = story;
        const path = pathThatGoes([ALL, A], [[B, C], B]);
        await wait(5 * WAIT_MS); // instances that have just met do not rely on each other yet
        await push("PUT", path);
        await scale([B, C]);
        // The group is brought away, and a note of that stays for a minute.
        for (let i = 0; i < 40; i++) await push("PUT", path, i % instances);
        await wait(WAIT_MS);
        await push("DELETE", path);
        await scale(ALL);
        await wait(2 * WAIT_MS);
        await push("PUT", path);
        await scale([B, C]);
        await push("PUT", path, instances - 1);
        assert.equal(world.holders(path).length, 1, `seed ${seed}`);
        await wait(6 * WAIT_MS);
        assert.deepEqual([world.losses, world.holders(path).length], [[], 1], `seed ${seed}`);
      });
    }
  });
}

for (const method of ["PUT", "POST"] as const) {
  Deno.test(`a ${method} of a group whose former holder comes back with an old copy after its move loses nothing`, async () => {
    for (let seed = 1; seed <= 3; seed++) {
      await tell({ seed, first: ALL, instances: 2, agents: 1 }, async (story) => {
        const { world, push, wait, holders } = story;
        const paths = await fill(story, 12);
        const { pushgateway } = world.hosts[A];
        const old = new Map(pushgateway.groups);
        await drain(story);
        await until(story, () => pushgateway.groups.size === 0);
        pushgateway.restart(old);
        const pushed = await Promise.all(paths.map(async (path, i) => {
          await wait(50 * i);
          return [path, await push(method, path, i % 2)] as const;
        }));
        await wait(2 * DRAIN_MS);
        assert.deepEqual(world.losses, [], `seed ${seed}`);
        for (const [path, family] of pushed) {
          const [families, ...others] = Object.values(holders(path));
          assert.deepEqual(others, [], `seed ${seed}`);
          assert.equal(families.includes(family), true, `seed ${seed}`);
          assert.equal(families.length, method === "PUT" ? 1 : 2, `seed ${seed}`);
        }
      });
    }
  });
}

Deno.test("a target that restarts without its data before its copies are looked for costs nothing", async () => {
  for (let seed = 1; seed <= 8; seed++) {
    await tell({ seed, first: ALL }, async (story) => {
      const { world, push, wait, holders } = story;
      const paths = pathsOf(A, ALL, 20);
      for (const path of paths) await push("PUT", path);
      await wait(WAIT_MS);
      await drain(story);
      await until(story, () => paths.some((path) => Object.keys(holders(path)).includes(`${B}`)));
      await wait(4 * seed);
      const lost = paths.filter((path) => !Object.keys(holders(path)).includes(`${A}`));
      assert.deepEqual(lost, [], `seed ${seed}: too late to tell`);
      world.hosts[B].pushgateway.restart(false);
      await wait(2 * DRAIN_MS);
      assert.deepEqual(paths.filter((path) => Object.keys(holders(path)).length !== 1), []);
    });
  }
});

for (const victim of [0, 1]) {
  Deno.test(`a kill at any moment of a drain loses nothing that instance ${victim} or the other one took`, async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const setting = { seed, first: ALL, instances: 2, agents: 2 };
      await tell(setting, async (story) => {
        const { world, wait } = story;
        const paths = await fill(story, 12);
        await drain(story);
        await until(story, () => paths.some((path) => world.holders(path).length === 2));
        const enough = new AbortController();
        const pushing = paths.map(async (path, i) => {
          while (!enough.signal.aborted) {
            await world.push("POST", path, i % 2, 3);
            await wait(50);
          }
        });
        await wait(100 * seed);
        await world.take({ do: "kill", instance: victim });
        await wait(WAIT_MS);
        enough.abort();
        await Promise.all(pushing);
        await wait(2 * DRAIN_MS);
        assert.deepEqual(world.losses, [], `seed ${seed}`);
        assert.deepEqual(paths.filter((path) => world.holders(path).length !== 1), []);
      });
    }
  });
}

Deno.test("what is PUT through an instance that has just started is not overwritten by another one's moves", async () => {
  for (let seed = 1; seed <= 8; seed++) {
    await tell({ seed, first: ALL, instances: 2, agents: 1 }, async (story) => {
      const { world, wait } = story;
      const paths = await fill(story, 40);
      world.hosts[A].pagesTakeMs = 1_000;
      await drain(story);
      await wait(1_000);
      await world.take({ do: "restart", instance: 1 });
      await Promise.all(paths.map(async (path, i) => {
        await wait(i * 100);
        await world.push("PUT", path, 1);
      }));
      await wait(DRAIN_MS);
      assert.deepEqual(world.losses, [], `seed ${seed}`);
    });
  }
});

Deno.test("what is deleted on all members during a drain is not there when it has ended", async () => {
  for (let seed = 1; seed <= 16; seed++) {
    await tell({ seed, first: ALL, instances: 2, agents: 1 }, async (story) => {
      const { world, wait } = story;
      const paths = await fill(story, 40);
      for (const host of world.hosts) host.pagesTakeMs = 1_000;
      await drain(story);
      await wait(1_500 + 150 * seed);
      for (const { pushgateway } of world.hosts) {
        for (const target of paths) pushgateway.answer({ method: "DELETE", target, headers: [] });
      }
      await wait(DRAIN_MS + 30_000);
      assert.deepEqual(paths.filter((path) => world.holders(path).length > 0), [], `seed ${seed}`);
    });
  }
});

for (const [agents, allTakeMs] of [[0, 10], [1, 10], [1, 20_000]]) {
  const slow = allTakeMs > 1_000 ? "all members have" : "it has";
  Deno.test(`a member is emptied where ${slow} pages that take half a minute, with ${agents} agents of Consul`, async () => {
    await tell({ first: ALL, instances: 1 + agents, agents }, async (story) => {
      const { world, wait } = story;
      const paths = await fill(story, 100);
      for (const host of world.hosts) host.pagesTakeMs = allTakeMs;
      world.hosts[A].pagesTakeMs = 28_000;
      await drain(story);
      await wait(7 * 60_000);
      const left = paths.filter((path) => world.holders(path).includes(world.members[A]));
      assert.deepEqual(left, []);
    });
  });
}

Deno.test("a member that is drained is read by its drain, and by sweeps at their interval only", async () => {
  await tell({ first: ALL, sweepInterval: "20s" }, async (story) => {
    const { world, wait } = story;
    await fill(story, 600);
    const [host] = world.hosts;
    for (const one of world.hosts) one.writesTakeMs = 50;
    host.pagesTakeMs = 500;
    const before = host.pagesAsked;
    await drain(story);
    await wait(DRAIN_MS);
    const asked = host.pagesAsked - before;
    // Three for the drain: push times, JSON and protobuf.
    assert(asked <= 3 + DRAIN_MS / 20_000, `${asked} pages`);
  });
});

for (const method of ["PUT", "POST"] as const) {
  Deno.test(`a ${method} through another instance of a group that was added to an older copy is seen once`, async () => {
    for (let seed = 1; seed <= 6; seed++) {
      await tell({ seed, first: ALL, instances: 2, agents: 1 }, async (story) => {
        const { world, push, wait, stray } = story;
        const paths = pathsOf(A, ALL, 12);
        const ring = HashRing.of(new Map([B, 2].map((i) => [memberName(i), 1])));
        await wait(2 * WAIT_MS);
        for (const path of paths) stray("PUT", path, ring.ownerOf(path) === memberName(B) ? B : 2);
        await wait(WAIT_MS / 2);
        for (const path of paths) await push("PUT", path);
        // Or a sweep deletes the older copies while the group still belongs to the member that leaves.
        for (const host of world.hosts) host.pagesTakeMs = 1_400;
        await drain(story);
        let pushed = 0;
        const pushing = Promise.all(paths.map(async (path) => {
          const isAlone = () => world.holders(path).length === 1;
          await until(story, () => isAlone() || valuesOf(story, path).length === 2);
          if (isAlone()) return;
          pushed++;
          await push(method, path, 1);
        }));
        await assertSeenOnce(story, paths, pushing);
        assert(pushed > 0, `seed ${seed}: none was pushed between its copy and the deletion`);
        await wait(DRAIN_MS);
        assert.deepEqual(world.losses, [], `seed ${seed}`);
      });
    }
  });
}
