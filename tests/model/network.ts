/**
 * The way from an instance to the Pushgateways in memory: each message takes its time, may find nobody,
 * and its answer may be lost.
 *
 * @module
 */

import { sleep } from "../../src/concurrency/backoff.ts";
import type { Member } from "../../src/member.ts";
import type { Answer } from "../../src/pushgateway/client/answer.ts";
import { SendFailure, type SendLimits } from "../../src/pushgateway/client/connection.ts";
import type { Transport, UpstreamRequest } from "../../src/pushgateway/client/transport.ts";
import type { Random } from "../../tools/random.ts";
import type { ModelPushgateway } from "./pushgateway.ts";

/** A Pushgateway, and how it can be reached now. */
export interface Host {
  readonly pushgateway: ModelPushgateway;
  /** Whether anybody listens. */
  up: boolean;
  /** What becomes of a request for a page: it is answered, or with 500, or never. */
  pages: "answered" | "failing" | "hanging";
  /** How long a request for a page takes besides. */
  pagesTakeMs: number;
  /** How many pages it was asked for. */
  pagesAsked: number;
  /** How long a write takes to arrive besides. */
  writesTakeMs: number;
  /** Answers to writes that are lost from now on. */
  answersToLose: number;
}

/** A Pushgateway that is well. */
export const WELL = {
  up: true,
  pages: "answered",
  pagesTakeMs: 20,
  pagesAsked: 0,
  writesTakeMs: 0,
  answersToLose: 0,
} as const satisfies Omit<Host, "pushgateway">;

/** Who listens where: several names may be of one host. */
export type Hosts = ReadonlyMap<Member, Host>;

/** The life of an instance's process. */
export interface Process {
  /** It was killed: nothing that it sends arrives any more, and nothing reaches it. */
  isDead: boolean;
}

/** How long a message is on its way: mostly milliseconds, and now and then much longer. */
export function delayMs(random: Random): number {
  const draw = random.next();
  if (draw < 0.8) return 1 + 9 * random.next();
  return draw < 0.98 ? 10 + 90 * random.next() : 100 + 900 * random.next();
}

/** Opens the way of one process. */
export function openNetwork(
  hosts: Hosts,
  { random, process }: { readonly random: Random; readonly process: Process },
): Transport {
  /** Of a process that is dead nothing goes on. */
  const never = () => new Promise<never>(() => {});

  async function hop(): Promise<void> {
    await sleep(delayMs(random));
    if (process.isDead) await never();
  }

  async function exchange(member: Member, request: UpstreamRequest): Promise<Answer> {
    await hop();
    const host = hosts.get(member);
    if (!host?.up) throw new SendFailure("refused", "connection refused");
    const isPage = request.target === "/metrics" || request.target === "/api/v1/metrics";
    if (isPage) {
      host.pagesAsked++;
      const { up } = host;
      await sleep(host.pagesTakeMs * random.next());
      if (host.pages === "hanging") await never();
      if (host.pages === "failing") return { status: 500, headers: [], body: new Uint8Array() };
      if (!host.up || !up) throw new SendFailure("reset", "connection reset");
    }
    const isWrite = request.method !== "GET";
    if (isWrite && host.writesTakeMs > 0) await sleep(host.writesTakeMs);
    const answer = host.pushgateway.answer(request);
    await hop();
    const isLost = isWrite && host.answersToLose > 0 && host.answersToLose-- > 0;
    if (isLost || !host.up) throw new SendFailure("reset", "connection reset");
    return answer;
  }

  return {
    async send(member, request, { timeoutMs, signal, onBody }: SendLimits) {
      const over = new AbortController();
      const ends = signal ? AbortSignal.any([signal, over.signal]) : over.signal;
      try {
        const answer = await Promise.race([
          exchange(member, request),
          sleep(timeoutMs, ends).then(async () => {
            if (over.signal.aborted) return await never();
            throw new SendFailure("timeout", `no answer within ${timeoutMs} ms`);
          }),
        ]);
        if (!onBody || answer.status !== 200) return answer;
        await onBody(answer.body, answer.headers);
        return { ...answer, body: new Uint8Array() };
      } finally {
        over.abort();
      }
    },
    [Symbol.dispose]() {},
  };
}
