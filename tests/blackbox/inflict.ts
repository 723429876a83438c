/** Inflicts faults on a fleet, one after the other; some of them last while others come. @module */

import { sleep } from "../../src/concurrency/backoff.ts";
import { waitFor } from "../../tools/wait.ts";
import { awaitComeback } from "./comeback.ts";
import { FIRST_SERVERS, type Fleet, ringOf } from "./fleet.ts";
import type { Note } from "./history.ts";
import { describeFault, type Fault } from "./plan.ts";

/** What inflicts the faults of one run. Disposal ends those that last. */
export interface Inflictor extends AsyncDisposable {
  /** Members that stayed out though they were wanted, in words; they were called back. */
  readonly keptOut: readonly string[];
  /** Waits until the fleet is in the state that a fault takes, and calls back who is kept out. */
  prepare(fault: Fault): Promise<void>;
  /**
   * Inflicts a fault; resolves when the next one may come.
   *
   * @throws where an instance does not reload, restart, or take a drain back
   */
  inflict(fault: Fault): Promise<void>;
  /**
   * Ends what still lasts: slow pages answer, instances go on, drains are taken back.
   *
   * @throws where a drain could not be taken back, or a member stays out for good
   */
  end(): Promise<void>;
}

/** A ring of so many members may lose one to a drain. */
const RING_BEFORE_DRAIN_MIN = 3;
const UNDO_MS_MAX = 30_000;
const ACCEPTED = 202;

/** What an inflictor takes. */
export interface InflictorOptions {
  readonly note: Note;
  /** Ends its waits early; its reason is thrown. */
  readonly signal: AbortSignal;
}

/** Makes an inflictor for a fleet. */
export function createInflictor(fleet: Fleet, { note, signal }: InflictorOptions): Inflictor {
  const ending = new AbortController();
  /** Slow pages and instances that stand still. */
  const lasting: Promise<void>[] = [];
  const keptOut: string[] = [];
  let servers = FIRST_SERVERS;
  let drain: Promise<unknown> = Promise.resolve();

  async function slowDown(number: number, ms: number): Promise<void> {
    const { name, relay } = fleet.members[number];
    {
      using _hold = relay.holdPages();
      await sleep(ms, ending.signal);
    }
    note(`the pages of ${name} answer again`);
  }

  async function pause(number: number, ms: number): Promise<void> {
    const instance = fleet.instances[number];
    {
      using _still = instance.pause();
      await sleep(ms, ending.signal);
    }
    note(`${instance.name} goes on`);
  }

  async function scale(fault: Fault & { kind: "scale" }): Promise<void> {
    const { order, gapMs } = fault;
    servers = fault.servers;
    const text = fleet.config(servers);
    for (const instance of fleet.instances) await instance.configure(text);
    await Promise.all(order.map(async (number, turn) => {
      await sleep(turn * gapMs);
      await fleet.instances[number].reload();
    }));
  }

  async function beginDrain(fault: Fault & { kind: "drain" }): Promise<void> {
    const { name, address } = fleet.members[fault.member];
    const instance = fleet.instances[fault.instance];
    for (const { name: who, ring } of await rings()) {
      if (ring.includes(address) && ring.length >= RING_BEFORE_DRAIN_MIN) continue;
      return note(`no drain: the ring of ${who} has ${ring.length} members`);
    }
    const ask = (method: "PUT" | "DELETE") =>
      instance.ask(`/api/v1/members/${address}/drain`, { method });
    const { status, text } = await ask("PUT");
    if (status !== ACCEPTED) return note(`no drain: ${status} ${text.trim()}`);
    const undo = async () => {
      await sleep(fault.undoAfterMs, ending.signal);
      await waitFor(async () => (await ask("DELETE")).status === ACCEPTED, {
        what: `${instance.name} to take the drain of ${name} back`,
        msMax: UNDO_MS_MAX,
        everyMs: 100,
      });
      note(`the drain of ${name} is taken back`);
    };
    drain = undo();
    drain.catch(() => {}); // whoever awaits it is told
  }

  function rings() {
    return Promise.all(fleet.instances.map(async (instance) => {
      return { name: instance.name, ring: await ringOf(instance) };
    }));
  }

  /** Before another member leaves. */
  async function allWantedAreBack(): Promise<void> {
    await drain;
    for (const what of await awaitComeback(fleet, servers, signal)) {
      keptOut.push(what);
      note(what);
    }
  }

  async function end(): Promise<void> {
    ending.abort();
    await Promise.all(lasting);
    await allWantedAreBack();
  }

  return {
    keptOut,
    async prepare({ kind }) {
      if (kind === "scale" || kind === "drain") await allWantedAreBack();
    },
    async inflict(fault) {
      note(describeFault(fault));
      switch (fault.kind) {
        case "reload": {
          const { instances, times } = fault;
          const reloading = instances.flatMap((number) => Array<number>(times).fill(number));
          await Promise.all(reloading.map((number) => fleet.instances[number].reload()));
          return;
        }
        case "restart":
          await fleet.instances[fault.instance].restart();
          return note(`${fleet.instances[fault.instance].name} listens again`);
        case "slow":
          lasting.push(slowDown(fault.member, fault.ms));
          return;
        case "pause":
          lasting.push(pause(fault.instance, fault.ms));
          return;
        case "scale":
          return await scale(fault);
        case "drain":
          return await beginDrain(fault);
        default:
          return fault satisfies never;
      }
    },
    end,
    async [Symbol.asyncDispose]() {
      ending.abort();
      await Promise.allSettled([...lasting, drain]); // who has awaited them has been told
    },
  };
}
