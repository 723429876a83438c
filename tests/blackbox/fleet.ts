/** A Consul, four Pushgateways behind relays, and two instances of the service. @module */

import * as z from "zod";
import { startConsul } from "../../tools/consul.ts";
import { type Pushgateway, startPushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import { type Instance, startInstance } from "./instance.ts";
import { instanceName, memberName } from "./plan.ts";
import { type Relay, startRelay } from "./relay.ts";
import { createTrail, type Trail } from "./trail.ts";

/** A Pushgateway, and the relay that the service knows it by. */
export interface RelayedMember {
  /** Its name in what a run prints. */
  readonly name: string;
  /** `127.0.0.1:PORT` of the relay. */
  readonly address: string;
  readonly relay: Relay;
  readonly pushgateway: Pushgateway;
}

/** All that runs. */
export interface Fleet {
  readonly members: readonly RelayedMember[];
  readonly instances: readonly Instance[];
  /** What has gone through the relays. */
  readonly trail: Trail;
  /** The text of the file that names these members. */
  config(servers: readonly number[]): string;
  /** How long a ring may take to have all of its members, in ms. */
  readonly ringMsMax: number;
  /** The addresses of the members that have a mark in Consul: they are to be out. */
  marked(): Promise<Set<string>>;
}

/** As docs/consul.md has it: below it lies a key for each member that was taken out. */
const MARKS = "dynamic-sharding/pushgateway/withdrawn/";
const NO_KEYS = 404;

const MEMBERS = 4;
const INSTANCES = 2;
/**
 * A bound for what takes a second or two. With ten times the groups and the pushes the members, which check
 * each push, leave the machine no time to read them.
 */
const RING_MS_MAX = 60_000;

/** The members that the file names at first: all but the last. */
export const FIRST_SERVERS: readonly number[] = [0, 1, 2];
/** All of them. */
export const ALL_SERVERS: readonly number[] = [...FIRST_SERVERS, MEMBERS - 1];

/** Starts the fleet and waits until both instances have a ring of the first members. */
export async function startFleet(
  stack: AsyncDisposableStack,
  { rate, signal }: { readonly rate: number; readonly signal: AbortSignal },
): Promise<Fleet> {
  const consul = stack.use(await startConsul());
  signal.throwIfAborted();
  const trail = createTrail();
  const members: RelayedMember[] = [];
  for (let i = 0; i < MEMBERS; i++) {
    const name = memberName(i);
    const pushgateway = stack.use(await startPushgateway());
    const relay = stack.use(startRelay({
      to: pushgateway,
      onRequest: (request) => trail.note(name, request),
    }));
    members.push({ name, address: relay.address, relay, pushgateway });
    signal.throwIfAborted();
  }
  const config = (servers: readonly number[]) =>
    "mode: proxy\n" +
    `consul_server: {addr: "${consul.address}", check_interval: 1s, check_timeout: 1s}\n` +
    "handoff: {sweep_interval: 5s, sweep_timeout: 5s}\n" +
    `pushgateway: {servers: ${JSON.stringify(servers.map((i) => members[i].address))}}\n`;
  const instances: Instance[] = [];
  for (let i = 0; i < INSTANCES; i++) {
    const options = { name: instanceName(i), config: config(FIRST_SERVERS) };
    instances.push(stack.use(await startInstance(options)));
    signal.throwIfAborted();
  }
  const marked = async () => {
    const response = await consul.api(`/v1/kv/${MARKS}?keys`, { signal });
    const text = await response.text();
    if (response.status === NO_KEYS) return new Set<string>();
    if (!response.ok) throw new Error(`${MARKS}: found ${response.status}: ${text}`);
    return new Set(
      z.array(z.string()).parse(JSON.parse(text)).map((key) => key.slice(MARKS.length)),
    );
  };
  const ringMsMax = RING_MS_MAX * Math.max(1, rate);
  const fleet = { members, instances, trail, config, ringMsMax, marked };
  await waitForRing(fleet, FIRST_SERVERS, signal);
  return fleet;
}

/** Waits until both instances have a ring of just these members. */
export async function waitForRing(
  { members, instances, ringMsMax }: Fleet,
  servers: readonly number[],
  signal: AbortSignal,
): Promise<void> {
  const wanted = servers.map((i) => members[i].address).sort().join(" ");
  for (const instance of instances) {
    await waitFor(async () => (await ringOf(instance)).sort().join(" ") === wanted, {
      what: `the ring of ${instance.name} to be ${servers.map(memberName).join(", ")}`,
      msMax: ringMsMax,
      everyMs: 100,
      signal,
    });
  }
}

/** The addresses of the members that an instance has in its ring. */
export async function ringOf(instance: Instance): Promise<string[]> {
  const members = await instance.members();
  return members.flatMap(({ member, in_ring }) => in_ring ? [member] : []);
}
