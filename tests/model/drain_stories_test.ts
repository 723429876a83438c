/** What becomes of the groups of a member that leaves, one story each. @module */

import assert from "node:assert/strict";
import { pathOwnedBy, type Story, tell } from "./story.ts";

const [A, B, C] = [0, 1, 2];
const ALL = [A, B, C];
/** Until all go by one ring and everything is moved. */
const DRAIN_MS = 30_000;

/** Groups of the member that is about to leave, by their paths, with their families. */
async function fill({ push }: Story): Promise<Map<string, string[]>> {
  const paths = [
    pathOwnedBy(A, ALL),
    `${pathOwnedBy(A, ALL)}/instance/a`,
    "/metrics/job/db/instance/b",
  ];
  const groups = new Map<string, string[]>();
  for (const path of paths) groups.set(path, [await push("POST", path), await push("POST", path)]);
  return groups;
}

const askFor = ({ world }: Story, method: string, member = A) =>
  world.instances[0].ask(method, `/api/v1/members/${world.members[member]}/drain`);

/** Each group whole, on one of those members. */
function assertOn(
  { holders }: Story,
  groups: ReadonlyMap<string, string[]>,
  members: readonly number[],
): void {
  for (const [path, families] of groups) {
    const [[member, found], ...more] = Object.entries(holders(path));
    assert.deepEqual(found, families.toSorted(), path);
    assert.deepEqual(more, [], `${path} is on one member`);
    assert(members.includes(Number(member)), `${path} is on ${member}`);
  }
}

Deno.test("a drained member is empty, and its groups are whole on the others", () =>
  tell({ first: ALL }, async (story) => {
    const groups = await fill(story);
    assert.equal((await askFor(story, "PUT")).status, 202);
    await story.wait(DRAIN_MS);
    assert.equal(story.world.hosts[A].pushgateway.groups.size, 0);
    assertOn(story, groups, [B, C]);
  }));

Deno.test("a member that was taken out of the file is drained, too", () =>
  tell({ first: ALL }, async (story) => {
    const groups = await fill(story);
    await story.scale([B, C]);
    await story.wait(DRAIN_MS);
    assertOn(story, groups, [B, C]);
  }));

Deno.test("a drain that is taken back leaves every group whole, where pushes find it", () =>
  tell({ first: ALL }, async (story) => {
    const groups = await fill(story);
    await askFor(story, "PUT");
    await story.wait(1_600);
    assert.equal((await askFor(story, "DELETE")).status, 202);
    await story.ringIs(ALL);
    for (const [path, families] of groups) families.push(await story.push("POST", path));
    await story.wait(DRAIN_MS);
    assertOn(story, groups, ALL);
  }));

Deno.test("a drain whose instance is killed is finished by another one", () =>
  tell({ first: ALL, instances: 2, agents: 2 }, async (story) => {
    const groups = await fill(story);
    await askFor(story, "PUT");
    await story.wait(1_700);
    await story.world.take({ do: "kill", instance: 0 });
    await story.wait(2 * DRAIN_MS);
    assert.equal(story.world.hosts[A].pushgateway.groups.size, 0);
    assertOn(story, groups, [B, C]);
  }));

Deno.test("what the other members refuse stays until they take it, and the API tells why", () =>
  tell({ first: ALL }, async (story) => {
    const groups = await fill(story);
    for (const i of [B, C]) story.world.hosts[i].pushgateway.refusing = true;
    await askFor(story, "PUT");
    await story.wait(DRAIN_MS);
    for (const [path, families] of groups) {
      assert.deepEqual(story.holders(path)[A] ?? families, families.toSorted(), path);
    }
    const { text } = await story.world.instances[0].ask("GET", "/api/v1/members");
    assert.match(text, /status 400/);
    for (const i of [B, C]) story.world.hosts[i].pushgateway.refusing = false;
    await story.wait(DRAIN_MS);
    assertOn(story, groups, [B, C]);
  }));

Deno.test("a group whose owner is dead stays until that one is out of the ring", () =>
  tell({ first: ALL }, async (story) => {
    const groups = await fill(story);
    story.world.hosts[B].up = false;
    await askFor(story, "PUT");
    await story.wait(2 * DRAIN_MS);
    assertOn(story, groups, [C]);
  }));
