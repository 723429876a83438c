/** The members in memory as handoff uses them: each call happens when it is its turn. @module */

import { createClocks } from "../../../src/handoff/plan/clocks.ts";
import { gather } from "../../../src/concurrency/shared_read.ts";
import { type Gateways, MemberFailure } from "../../../src/handoff/gateways.ts";
import { pushedAt } from "../../../src/handoff/plan/inventory.ts";
import type { Member } from "../../../src/member.ts";
import { clockAhead } from "../../../src/pushgateway/clock.ts";
import type { GroupContent, GroupReading } from "../../../src/pushgateway/group_content.ts";
import type { PushTimes } from "../../../src/pushgateway/push_times.ts";
import type { Clockwork } from "./clockwork.ts";
import type { Fleet } from "./fleet.ts";
import { decodeFamilies, encodeFamilies } from "./group_body.ts";
import type { Operations } from "./operation.ts";
import type { Copy } from "./pushgateway.ts";

/** A family of this name cannot be copied so that nothing is lost. */
export const UNCOPYABLE = "uncopyable";

/** What the way to the members takes. */
export interface MemoryGatewaysDeps {
  readonly fleet: Fleet;
  readonly clockwork: Clockwork;
  readonly operations: Operations;
  /** Whether the answer to a write is lost on its way; asked once for each. */
  readonly losesAnswer: () => boolean;
  /** The members tell their time to the millisecond. */
  readonly exact: boolean;
}

/** Opens the way for one instance. */
export function openMemoryGateways(
  { fleet, clockwork, operations, losesAnswer, exact }: MemoryGatewaysDeps,
): Gateways {
  const clocks = createClocks();
  /** When a reading was true. */
  const stepOf = new WeakMap<object, number>();

  function living(member: Member) {
    const gateway = fleet.members.get(member);
    if (!gateway?.alive) throw new MemberFailure(`${member} is dead`);
    return gateway;
  }

  const times = gather(async (member: Member, _: readonly void[]): Promise<PushTimes> => {
    const sentAt = clockwork.now();
    await clockwork.turn(`look at ${member}`);
    const { groups, clock } = living(member);
    const answeredAt = clockwork.now();
    const ahead = (clock() - answeredAt) / 1_000;
    const bounds = exact
      ? { min: ahead, max: ahead }
      : clockAhead(new Date(clock()).toUTCString(), { sentAt, answeredAt });
    const read = {
      times: new Map([...groups].map(([id, { time }]) => [id, time])),
      clockAhead: clocks.narrow(member, bounds),
    };
    stepOf.set(read, clockwork.step);
    return read;
  });

  // Two pages are read, one after the other.
  const groups = gather(async (member: Member, _: readonly void[]) => {
    await clockwork.turn(`read ${member}`);
    const first = new Map(living(member).groups);
    const step = clockwork.step;
    await clockwork.turn(`read on ${member}`);
    const second = living(member).groups;
    const readings = new Map<string, GroupReading>();
    for (const [id, copy] of first) readings.set(id, readingOf(id, copy, second.get(id)));
    stepOf.set(readings, step);
    return readings;
  });

  function looked(signal: AbortSignal, member: Member, reading: object): void {
    const operation = operations.bySignal(signal);
    const step = stepOf.get(reading);
    if (!operation || step === undefined) return;
    const pushed = "times" in reading ? pushedAt(operation.id, reading as PushTimes) : undefined;
    operation.deeds.push({ kind: "look", member, step, ...(pushed && { pushed }) });
  }

  function answer(member: Member): void {
    if (losesAnswer()) throw new MemberFailure(`the answer of ${member} is lost`);
  }

  async function write(
    method: "PUT" | "POST",
    member: Member,
    { content: { id, body }, signal }: { content: GroupContent; signal: AbortSignal },
  ): Promise<string | undefined> {
    await clockwork.turn(`${method} of a copy of ${id} to ${member}`, signal);
    living(member);
    const group = { method, id, families: decodeFamilies(body) };
    const taken = fleet.put(member, group, operations.bySignal(signal));
    answer(member);
    return taken ? undefined : "it contradicts other groups";
  }

  return {
    async pushTimes(member, signal) {
      const read = await times.read(member, undefined, signal);
      looked(signal, member, read);
      return read;
    },
    async group(member, id, signal) {
      const readings = await groups.read(member, undefined, signal);
      looked(signal, member, readings);
      return readings.get(id);
    },
    put: (member, content, signal) => write("PUT", member, { content, signal }),
    merge: (member, content, signal) => write("POST", member, { content, signal }),
    async remove(member, id, { signal }) {
      await clockwork.turn(`delete ${id} on ${member}`, signal);
      living(member);
      fleet.remove(member, id, operations.bySignal(signal));
      answer(member);
    },
  };
}

function readingOf(id: string, copy: Copy, later: Copy | undefined): GroupReading {
  if (later?.time !== copy.time) return { kind: "changed", reason: "it was pushed meanwhile" };
  if (copy.families.has(UNCOPYABLE)) return { kind: "unfaithful", reason: "it cannot be copied" };
  const body = encodeFamilies(copy.families);
  const content = { id, pushTime: copy.time, failureTime: 0, body, deletePaths: [id] };
  return { kind: "content", content };
}
