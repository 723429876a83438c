/**
 * A group that moves between the moments at which its two members are read for the page of all groups. It
 * is moved by hand while a gate holds one of the pages back; handoff is off, so nobody else reads them.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Pushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import { readPage } from "../integration/pushed_page.ts";
import { type Service, startService } from "../integration/service.ts";
import { type Gate, openGate } from "./gate.ts";
import { copiesOf, jobOf, jobsOf, pushTo } from "./groups.ts";
import { configOf, startMembers, waitForAll } from "./members.ts";

/** Before a page is asked for, each member is asked once what it holds. */
const PAGE = 2;

interface Story {
  readonly service: Service;
  readonly gates: readonly Gate[];
  readonly all: readonly Pushgateway[];
  /** Names of the members. */
  readonly addresses: readonly string[];
}

async function tell(story: (story: Story) => Promise<void>): Promise<void> {
  await using members = await startMembers(2);
  await using stack = new AsyncDisposableStack();
  const gates = members.all.map((member) => stack.use(openGate(member)));
  const addresses = gates.map(({ address }) => address);
  await using service = await startService({
    config: configOf(addresses, { more: "handoff: {enabled: false}" }),
  });
  await waitForAll(service, addresses);
  await story({ service, gates, all: members.all, addresses });
}

/** Holds back the next page of a member; says when it is asked for. */
function holdPage(gate: Gate): Disposable & { readonly asked: Promise<void> } {
  const asked = Promise.withResolvers<void>();
  let reads = 0;
  const hold = gate.hold(({ method, target }) => {
    if (method !== "GET" || target !== "/metrics" || ++reads < PAGE) return false;
    asked.resolve();
    return true;
  });
  return { asked: asked.promise, [Symbol.dispose]: () => hold[Symbol.dispose]() };
}

/** Copies a group of one family, and deletes it where it was. */
async function move(
  { from, to }: { readonly from: Pushgateway; readonly to: Pushgateway },
  { job, value }: { readonly job: string; readonly value: number },
): Promise<void> {
  assert.equal(await pushTo(to, `/metrics/job/${job}`, { body: `m ${value}\n` }), 200);
  assert.equal(await pushTo(from, `/metrics/job/${job}`, { body: "", method: "DELETE" }), 202);
  await waitFor(async () => (await copiesOf([from], job)).length === 0, { what: "it to be gone" });
}

/** The values of a family by job; fails where a series is there twice. */
async function valuesOf(scrape: Promise<{ status: number; text: string }>) {
  const { status, text } = await scrape;
  assert.equal(status, 200, text);
  const { samples, twice } = readPage(text);
  assert.deepEqual(twice, []);
  const family = [...samples].filter(([series]) => series.startsWith("m{"));
  return Object.fromEntries(
    family.map(([series, value]) => [/job="([^"]*)"/.exec(series)?.[1], value]),
  );
}

Deno.test("a group that has moved before its former member is read is on the page all the same", () =>
  tell(async ({ service, gates, all: [from, to], addresses }) => {
    const job = jobOf(addresses[1], addresses);
    assert.equal(await pushTo(from, `/metrics/job/${job}`, { body: "m 1\n" }), 200);
    const held = holdPage(gates[0]);
    const scrape = service.get("/pushed");
    await held.asked;
    await move({ from, to }, { job, value: 2 });
    const reads = gates[1].passed.filter(({ target }) => target === "/metrics");
    assert.equal(reads.length, PAGE - 1, "the page of its owner is asked for later");
    held[Symbol.dispose]();
    assert.deepEqual(await valuesOf(scrape), { [job]: 2 });
  }));

Deno.test("a group that has moved after its former member was read is on the page once", () =>
  tell(async ({ service, gates, all: [from, to], addresses }) => {
    const job = jobOf(addresses[1], addresses);
    assert.equal(await pushTo(from, `/metrics/job/${job}`, { body: "m 1\n" }), 200);
    const held = holdPage(gates[1]);
    const scrape = service.get("/pushed");
    await held.asked;
    await move({ from, to }, { job, value: 2 });
    held[Symbol.dispose]();
    assert.deepEqual(await valuesOf(scrape), { [job]: 2 });
  }));

Deno.test("groups that move both ways between two members are on the page once", () =>
  tell(async ({ service, gates, all: [one, other], addresses }) => {
    const [mine, theirs] = addresses.map((owner) =>
      jobsOf(owner, addresses, { prefix: "job", count: 2 })
    );
    // Each lies on the other member, and one group of each moves before that member is read.
    for (const job of theirs) await pushTo(one, `/metrics/job/${job}`, { body: "m 1\n" });
    for (const job of mine) await pushTo(other, `/metrics/job/${job}`, { body: "m 1\n" });
    const holds = gates.map(holdPage);
    const scrape = service.get("/pushed");
    await Promise.all(holds.map(({ asked }) => asked));
    await move({ from: one, to: other }, { job: theirs[0], value: 2 });
    await move({ from: other, to: one }, { job: mine[0], value: 2 });
    for (const held of holds) held[Symbol.dispose]();
    assert.deepEqual(await valuesOf(scrape), {
      [theirs[0]]: 2,
      [theirs[1]]: 1,
      [mine[0]]: 2,
      [mine[1]]: 1,
    });
  }));

Deno.test("of two copies the owner's is shown, with all that it holds and nothing else", () =>
  tell(async ({ service, all, addresses }) => {
    const job = jobOf(addresses[1], addresses);
    const path = `/metrics/job/${job}`;
    assert.equal(await pushTo(all[1], path, { body: "m 2\nb 2\n" }), 200);
    assert.equal(await pushTo(all[0], path, { body: "m 1\na 1\nz 1\n" }), 200);
    const { text } = await service.get("/pushed");
    const { samples, twice } = readPage(text);
    assert.deepEqual(twice, []);
    const labels = `{instance="",job="${job}"}`;
    const pushed = [...samples].filter(([series]) => /^[a-z]\{/.test(series));
    assert.deepEqual(pushed, [[`b${labels}`, 2], [`m${labels}`, 2]]);
    const times = await copiesOf(all, job);
    const own = times.find(({ address }) => address === all[1].address);
    assert.equal(samples.get(`push_time_seconds${labels}`), own?.pushTime);
  }));
