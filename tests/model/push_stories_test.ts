/** What pushes of misplaced groups do, one story each. @module */

import assert from "node:assert/strict";
import { pathOwnedBy, pathThatGoes, type Story, tell } from "./story.ts";

/** Until all instances go by one ring, and two pushes can be told apart by any clock. */
const WAIT_MS = 5_000;
/** Until members have been swept once more. */
const SWEEP_MS = 15_000;
const [A, B, C] = [0, 1, 2];

/** The group was pushed when its former owner was alone; then the ring became that of two. */
async function misplace({ push, scale, wait }: Story, path: string): Promise<string[]> {
  const families = [await push("PUT", path), await push("POST", path)];
  await wait(WAIT_MS);
  await scale([A, B]);
  await wait(WAIT_MS);
  return families;
}

Deno.test("a PUT goes to the new owner, and the former copy goes", () =>
  tell({}, async (story) => {
    const path = pathOwnedBy(B, [A, B]);
    await misplace(story, path);
    const family = await story.push("PUT", path);
    assert.deepEqual(story.holders(path), { [B]: [family] });
  }));

Deno.test(
  "a POST brings along what it does not carry",
  () =>
    tell({}, async (story) => {
      const path = pathOwnedBy(B, [A, B]);
      const families = await misplace(story, path);
      const family = await story.push("POST", path);
      await story.wait(WAIT_MS);
      assert.deepEqual(story.holders(path), { [B]: [...families, family].toSorted() });
    }),
);

Deno.test(
  "a DELETE reaches every holder",
  () =>
    tell({}, async (story) => {
      const path = pathOwnedBy(B, [A, B]);
      await misplace(story, path);
      story.stray("POST", path, B);
      await story.wait(SWEEP_MS);
      await story.push("DELETE", path);
      assert.deepEqual(story.holders(path), {});
    }),
);

Deno.test("a POST to an owner whose copy is the newer brings nothing along", () =>
  tell({}, async (story) => {
    const path = pathOwnedBy(B, [A, B]);
    await misplace(story, path);
    const stray = story.stray("PUT", path, B);
    await story.wait(SWEEP_MS);
    const family = await story.push("POST", path);
    await story.wait(WAIT_MS);
    assert.deepEqual(story.holders(path), { [B]: [family, stray].toSorted() });
  }));

Deno.test("a member is rid of its older copy before it comes in", () =>
  tell({}, async (story) => {
    const path = pathOwnedBy(B, [A, B]);
    story.stray("PUT", path, B);
    await story.wait(WAIT_MS);
    const families = await misplace(story, path);
    assert.deepEqual(story.holders(path), { [A]: families.toSorted() });
    families.push(await story.push("POST", path));
    await story.wait(WAIT_MS);
    assert.deepEqual(story.holders(path), { [B]: families.toSorted() });
  }));

Deno.test("where the owner has the older copy the newer one is added to it", () =>
  tell({ first: [A, B] }, async ({ stray, wait, push, holders }) => {
    const path = pathOwnedBy(B, [A, B]);
    const older = stray("PUT", path, B);
    await wait(WAIT_MS);
    const newer = stray("PUT", path, A);
    await wait(2 * SWEEP_MS);
    assert.deepEqual(holders(path), { [B]: [older, newer].toSorted() });
    const family = await push("POST", path);
    assert.deepEqual(holders(path), { [B]: [family, older, newer].toSorted() });
  }));

Deno.test("of two former copies a POST goes to the newer, which is moved", () =>
  tell({ first: [A, C] }, async ({ stray, wait, scale, push, holders }) => {
    const path = pathOwnedBy(B, [A, B, C]);
    stray("PUT", path, A);
    await wait(WAIT_MS);
    const newer = stray("PUT", path, C);
    await wait(WAIT_MS);
    await scale([A, B, C]);
    await wait(WAIT_MS);
    const family = await push("POST", path);
    await wait(SWEEP_MS);
    assert.deepEqual(holders(path), { [B]: [family, newer].toSorted() });
  }));

Deno.test("a PUT that its owner refuses deletes nothing; the former holder has taken it by then", () =>
  tell({}, async (story) => {
    const path = pathOwnedBy(B, [A, B]);
    await misplace(story, path);
    story.world.hosts[B].pushgateway.refusing = true;
    const family = await story.push("PUT", path);
    await story.wait(WAIT_MS);
    assert.deepEqual(story.holders(path), { [A]: [family] });
  }));

Deno.test(
  "a PUT that all refuse changes nothing",
  () =>
    tell({}, async (story) => {
      const path = pathOwnedBy(B, [A, B]);
      const families = await misplace(story, path);
      for (const i of [A, B]) story.world.hosts[i].pushgateway.refusing = true;
      const { status } = await story.world.push("PUT", path, 0);
      assert.equal(status, 400);
      await story.wait(WAIT_MS);
      assert.deepEqual(story.holders(path), { [A]: families.toSorted() });
    }),
);

Deno.test(
  "a PUT that its owner refuses, and its former holder took without a word, may have been taken",
  () =>
    tell({}, async (story) => {
      const path = pathOwnedBy(B, [A, B]);
      await misplace(story, path);
      story.world.hosts[B].pushgateway.refusing = true;
      story.world.hosts[A].answersToLose = 1;
      const { status } = await story.world.push("PUT", path, 0);
      assert.equal(status, 502);
    }),
);

Deno.test("a former holder that is dead is left alone, and its old copy goes when it returns", () =>
  tell({}, async (story) => {
    const path = pathOwnedBy(B, [A, B]);
    await misplace(story, path);
    const former = story.world.hosts[A];
    former.up = false;
    await story.wait(SWEEP_MS);
    const family = await story.push("PUT", path);
    await story.wait(WAIT_MS);
    former.up = true;
    await story.wait(2 * SWEEP_MS);
    assert.deepEqual(story.holders(path), { [B]: [family] });
  }));

Deno.test("what was POSTed while its former holder was dead is added to what that one had", () =>
  tell({}, async (story) => {
    const path = pathOwnedBy(B, [A, B]);
    const families = await misplace(story, path);
    const former = story.world.hosts[A];
    former.up = false;
    await story.wait(SWEEP_MS);
    families.push(await story.push("POST", path));
    former.up = true;
    await story.wait(SWEEP_MS);
    families.push(await story.push("POST", path));
    await story.wait(2 * SWEEP_MS);
    assert.deepEqual(story.holders(path), { [B]: families.toSorted() });
  }));

Deno.test(
  "what was POSTed while its former holder could not be read is added to what that one had",
  () =>
    tell({}, async (story) => {
      const path = pathOwnedBy(B, [A, B]);
      const families = [await story.push("PUT", path)];
      await story.wait(WAIT_MS);
      story.world.hosts[A].pages = "failing";
      await story.scale([A, B]);
      await story.wait(WAIT_MS);
      families.push(await story.push("POST", path));
      assert.deepEqual(story.holders(path), { [A]: [families[0]], [B]: [families[1]] });
      story.world.hosts[A].pages = "answered";
      await story.wait(SWEEP_MS);
      families.push(await story.push("POST", path));
      await story.wait(2 * SWEEP_MS);
      assert.deepEqual(story.holders(path), { [B]: families.toSorted() });
    }),
);

Deno.test("a POSTed group that gets another owner while it is moved goes on, whole", () =>
  tell({}, async (story) => {
    const path = pathOwnedBy(C, [A, B, C]);
    const families = await misplace(story, path);
    families.push(await story.push("POST", path));
    await story.scale([A, B, C]);
    families.push(await story.push("POST", path));
    await story.wait(SWEEP_MS);
    families.push(await story.push("POST", path));
    await story.wait(SWEEP_MS);
    assert.deepEqual(story.holders(path), { [C]: families.toSorted() });
  }));

for (const method of ["PUT", "POST"] as const) {
  Deno.test(`a ${method} that lands where other instances do not push any more is not lost`, async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const setting = { seed, first: [A], instances: 2, agents: 1 };
      await tell(setting, async ({ world, push, scale, wait, holders }) => {
        const path = pathThatGoes([[A, B], B], [[A, B, C], C]);
        await wait(SWEEP_MS);
        await scale([A, B]);
        // So soon after a change each push takes the lock of its group.
        world.hosts[B].writesTakeMs = seed % 2 === 0 ? 3_500 : 8_000;
        const landing = push(method, path, 0);
        await wait(200);
        await scale([A, B, C]);
        await wait(method === "PUT" ? 2_000 : 4_500);
        const early = await push("POST", path, 1);
        const landed = await landing;
        world.hosts[B].writesTakeMs = 0;
        const last = await push("POST", path, 1);
        await wait(4 * SWEEP_MS);
        assert.deepEqual(world.losses, [], `seed ${seed}`);
        const { [C]: families = [], ...others } = holders(path);
        assert.deepEqual(others, {}, `seed ${seed}`);
        // A PUT that was under way at the same time may count as the later one.
        const expected = method === "PUT" ? [landed, last] : [early, landed, last];
        assert.deepEqual(families.filter((name) => expected.includes(name)), expected.toSorted());
      });
    }
  });
}

/** An instance that has just begun may know one member only, which takes a deletion for all. */
Deno.test("what is PUT while a copy is removed that has not heard of its group's deletion stays", async () => {
  let removals = 0;
  for (let seed = 1; seed <= 40; seed++) {
    await tell({ seed, first: [A, B] }, async ({ world, push, wait }) => {
      const path = pathOwnedBy(B, [A, B]);
      await push("PUT", path);
      await wait(WAIT_MS);
      await world.take({ do: "restart", instance: 0 });
      const begun = world.happenings.length;
      const hasSeen = (words: string) =>
        world.happenings.slice(begun).some((line) => line.includes(words));
      while ((await world.push("DELETE", path, 0)).status === 503) await wait(1);
      while (!hasSeen("members compared")) await wait(1);
      if (!hasSeen(`"stale":1`)) return;
      await wait(100 * world.random.next());
      await push("PUT", path);
      await wait(WAIT_MS);
      if (hasSeen("stale copy deleted")) removals++;
      assert.deepEqual(world.losses, [], `seed ${seed}`);
    });
  }
  assert(removals > 0);
});
