/** Three Pushgateways in memory, and handoff's real way to them: for what one operation does. @module */

import { type Gateways, openGateways } from "../../src/handoff/gateways.ts";
import { type Member, parseMember } from "../../src/member.ts";
import { createRandom } from "../../tools/random.ts";
import { type Clockwork, createClockwork } from "./clockwork.ts";
import { type Host, openNetwork, WELL } from "./network.ts";
import { createPushgateway, type Group } from "./pushgateway.ts";

/** Pushgateways that nobody but the test uses. Disposal gives the real clock back. */
export interface Bench extends AsyncDisposable {
  readonly clockwork: Clockwork;
  readonly members: readonly [Member, Member, Member];
  readonly gateways: Gateways;
  hostOf(member: Member): Host;
  /** A client pushes to a member directly. */
  land(member: Member, group: PushedGroup): void;
  /** The same, some seconds after what was before. */
  push(member: Member, group: PushedGroup): Promise<void>;
  /** Runs an operation in virtual time, and ends with it. */
  run<T>(operation: Promise<T>): Promise<T>;
  /** The families of a group, with their values, on each member that holds it. */
  holders(id: string): Record<Member, Record<string, number>>;
  groupOn(member: Member, id: string): Group | undefined;
}

/** What a client pushes. */
export interface PushedGroup {
  readonly id: string;
  /** The values of its families. */
  readonly families: Readonly<Record<string, number>>;
  readonly method?: "PUT" | "POST";
}

/** Clocks are known to a second or so. */
const APART_MS = 5_000;
const OPERATION_MS_MAX = 120_000;
const LIMITS = { readTimeoutMs: 5_000, writeTimeoutMs: 5_000, nameScheme: "legacy" } as const;

/** Creates a bench of empty Pushgateways. */
export function createBench(): Bench {
  const random = createRandom(1);
  const clockwork = createClockwork();
  const members = [0, 1, 2].map((i) => parseMember(`gateway-${i}:9091`));
  const hosts = new Map(members.map((member, i) => [member, createHost(i)]));
  const transport = openNetwork(hosts, { random, process: { isDead: false } });
  const gateways = openGateways(() => ({ transport, ...LIMITS }), {
    pathOn: () => undefined,
    versionOf: () => undefined,
    now: Date.now,
  });
  const hostOf = (member: Member) => hosts.get(member)!;
  const groupOn = (member: Member, id: string) => hostOf(member).pushgateway.groups.get(id);
  const land: Bench["land"] = (member, { id, families, method = "PUT" }) => {
    const lines = Object.entries(families).map(([name, value]) => `${name} ${value}\n`);
    const body = new TextEncoder().encode(lines.join(""));
    hostOf(member).pushgateway.answer({ method, target: id, headers: [], body });
  };
  return {
    clockwork,
    members: members as [Member, Member, Member],
    gateways,
    hostOf,
    groupOn,
    land,
    async push(member, group) {
      await clockwork.pass(APART_MS);
      land(member, group);
    },
    async run(operation) {
      let isOver = false;
      const done = Promise.allSettled([operation]).then(() => void (isOver = true));
      await clockwork.passUntil(() => isOver, { what: "the operation", msMax: OPERATION_MS_MAX });
      await done;
      return await operation;
    },
    holders: (id) =>
      Object.fromEntries(members.flatMap((member) => {
        const group = groupOn(member, id);
        return group ? [[member, valuesOf(group)]] : [];
      })),
    [Symbol.asyncDispose]: () => clockwork[Symbol.asyncDispose](),
  };
}

function createHost(number: number): Host {
  const pushgateway = createPushgateway({ number, clock: Date.now, onChange() {} });
  return { pushgateway, ...WELL };
}

/** The families of a group; what marks it as partial is none. */
function valuesOf({ families }: Group): Record<string, number> {
  return Object.fromEntries(
    [...families].flatMap(([name, { value }]) => (value === undefined ? [] : [[name, value]])),
  );
}
