/**
 * Real Pushgateways of some versions behind one service, and one more of the latest version, alone, to
 * which the same is pushed: what it holds is what the fleet has to hold.
 *
 * @module
 */

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { sleep } from "../../src/concurrency/backoff.ts";
import { groupPath, parseGroupId } from "../../src/group/group.ts";
import { REDIRECT_MS } from "../../src/handoff/plan/rings.ts";
import { parseMember } from "../../src/member.ts";
import { readPushTimes } from "../../src/pushgateway/push_times.ts";
import { PARTIAL_FAMILY } from "../../src/pushgateway/partial.ts";
import type { Pushgateway } from "../../tools/pushgateway.ts";
import { request, temporaryDirectory } from "../../tools/server.ts";
import { waitFor } from "../../tools/wait.ts";
import { startVersion, type VERSIONS } from "../contracts/gateways.ts";
import { groupMetrics, TIMES } from "../contracts/group_metrics.ts";
import { type Service, startService } from "../integration/service.ts";
import { openWay } from "../pushgateway/read_way.ts";
import { type Push, sentAs } from "./groups.ts";

/** A version of the Pushgateway, as the name of a component. */
export type Version = typeof VERSIONS[number];

/** Which versions a fleet is made of. */
export interface FleetVersions {
  /** Of the members at the beginning; the first one is drained, the second one restarts. */
  readonly members: readonly Version[];
  /** Of the member that is added. */
  readonly joins: Version;
}

/** The fleet. */
export interface Fleet {
  /** The members, and at the end the one that is added. */
  readonly members: readonly Pushgateway[];
  readonly service: Service;
  /** Lines of its log at the level `error`. */
  errors(): string[];
  /** Applies a configuration with these members, and waits until all of them are active. */
  configure(members: readonly Pushgateway[]): Promise<void>;
  /** Waits until groups go by a ring of these members, and all of them are active. */
  waitForRing(members: readonly Pushgateway[]): Promise<void>;
  /** Pushes to the service, and to the Pushgateway that is alone. */
  push(push: Push): Promise<void>;
  /** Pushes to the service what every Pushgateway refuses. @returns the status */
  pushBad(push: Push): Promise<number>;
  /**
   * Compares what the members hold, together, with the Pushgateway that is alone: each metric to the byte,
   * and each HELP of each group.
   *
   * @throws {assert.AssertionError} where they differ, or a group is not on its owner alone
   */
  compare(members: readonly Pushgateway[]): Promise<void>;
  /** Compares what the service shows of all members with what they hold. */
  compareMerged(members: readonly Pushgateway[]): Promise<void>;
}

const LATEST: Version = "pushgateway";
const { signal } = new AbortController();

/** Starts everything; the service has a ring of all members but the last. */
export async function startFleet(
  { members: versions, joins }: FleetVersions,
  stack: AsyncDisposableStack,
): Promise<Fleet> {
  const directory = await temporaryDirectory("versions");
  stack.defer(directory.remove);
  const members: Pushgateway[] = [];
  for (const version of [...versions, joins]) {
    const persistenceFile = `${directory.path}/${members.length}`;
    const flags = ["--web.enable-admin-api"];
    members.push(stack.use(await startVersion(version, { flags, persistenceFile })));
  }
  // Checks of all that it holds would take most of the time of a run.
  const alone = stack.use(
    await startVersion(LATEST, { flags: ["--push.disable-consistency-check"] }),
  );
  const way = stack.use(await openWay());
  const errors: string[] = [];
  const config = (of: readonly Pushgateway[]) =>
    `mode: proxy\nhandoff: {sweep_interval: 5s}\n` +
    `pushgateway: {servers: ${JSON.stringify(of.map(({ address }) => address))}}\n`;
  const service = stack.use(
    await startService({
      config: config(members.slice(0, -1)),
      flags: ["--web.enable-lifecycle", "--web.enable-admin-api"],
      onOutput: (text) =>
        errors.push(...text.split("\n").filter((line) => line.includes("level=error"))),
    }),
  );

  async function waitForRing(of: readonly Pushgateway[]): Promise<void> {
    // A ring follows what is active a moment later.
    await service.waitForActive(of.length);
    await service.waitForMembers(of.map(({ address }) => address));
    // Until then clients may follow a redirect to the former owner, and groups stay there.
    await sleep(REDIRECT_MS);
  }

  /** Each group once, on its owner. */
  async function comparePlaces(of: readonly Pushgateway[]): Promise<void> {
    const placed: string[] = [];
    for (const { address } of of) {
      const { times } = await readPushTimes(parseMember(address), way, signal);
      for (const id of times.keys()) {
        const owner = await service.ownerOf(groupPath(parseGroupId(id), "legacy"));
        assert.equal(address, owner, `${id} lies on ${address}`);
        placed.push(id);
      }
    }
    const { times } = await readPushTimes(parseMember(alone.address), way, signal);
    assert.deepEqual(placed.sort(), [...times.keys()].sort());
  }

  await waitForRing(members.slice(0, -1));
  return {
    members,
    service,
    errors: () => errors,
    waitForRing,
    async configure(of) {
      await service.configure(config(of));
      const { status, text } = await service.get("/-/reload", { method: "POST" });
      assert.equal(status, 200, text);
      await waitForRing(of);
    },
    async push(push) {
      const expected = await fetch(`${alone.url}${push.path}`, sentAs(push, false));
      assert.equal(expected.status, 202, await expected.text());
      const { status, text } = await service.get(push.path, sentAs(push, true));
      assert(status === 200 || status === 202, `${push.method} ${push.path}: ${status} ${text}`);
    },
    async pushBad(push) {
      return (await service.get(push.path, sentAs(push, true))).status;
    },
    async compare(of) {
      const held = (await Promise.all(of.map((member) => groupMetrics(member)))).flat();
      await assertSoon(held.sort(), () => groupMetrics(alone));
      await comparePlaces(of);
      const helps = (await Promise.all(of.map(({ url }) => helpsOf(url)))).flat();
      assert.deepEqual(helps.sort(), await helpsOf(alone.url));
    },
    async compareMerged(of) {
      const held = (await Promise.all(of.map((member) => groupMetrics(member)))).flat();
      assert.deepEqual(await groupMetrics({ url: service.url, path: "/pushed" }), held.sort());
      const helps = (await Promise.all(of.map(({ url }) => helpsOf(url)))).flat();
      assert.deepEqual(await helpsOf(service.url), helps.sort());
    },
  };
}

/** The Pushgateway that is alone may show a push a moment after its answer. */
async function assertSoon(held: string[], read: () => Promise<string[]>): Promise<void> {
  let expected: string[] = [];
  const isSame = async () => isDeepStrictEqual(held, expected = await read());
  await waitFor(isSame, { what: "the same metrics" }).catch(() => {});
  assert.deepEqual(held, expected);
}

/** A group of the JSON API: its families, by name, and what else is told of it. */
type ApiGroup = Readonly<Record<string, ApiFamily>>;
interface ApiFamily {
  readonly help?: string;
  readonly metrics?: readonly { readonly labels: Readonly<Record<string, string>> }[];
}

const NO_FAMILIES = new Set([...TIMES, PARTIAL_FAMILY, "labels", "last_push_successful"]);

/** Each family of each group with its HELP, as the JSON API shows it, sorted. */
async function helpsOf(url: string): Promise<string[]> {
  const { status, text } = await request(`${url}/api/v1/metrics`);
  assert.equal(status, 200, text);
  const { data } = JSON.parse(text) as { data: ApiGroup[] };
  return data.flatMap((group) => {
    // The group's own may be hidden by a metric named so. An empty instance is none for the service.
    const labels = Object.entries(group.push_time_seconds.metrics?.[0].labels ?? {})
      .filter(([name, value]) => name !== "instance" || value !== "").sort();
    const families = Object.entries(group).filter(([name]) => !NO_FAMILIES.has(name));
    return families.map(([name, { help = "" }]) => JSON.stringify([labels, name, help]));
  }).sort();
}
