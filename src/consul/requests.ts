/**
 * How one request to Consul goes by the library: with the token as it is now, a timeout, an end by a
 * signal, and the answer's headers.
 *
 * @module
 */

import { EventEmitter } from "node:events";
import { z } from "zod";
import type { ConsulConfig } from "../config/consul.ts";

/** What the library is told for every request. */
export interface RequestOptions {
  readonly token?: string;
  readonly ctx: EventEmitter;
  readonly timeout: number;
}

/** When a query is answered: at once, or when Consul's index is past the one given. */
export interface BlockingQuery {
  readonly index?: bigint;
  /** The longest wait. Matters only with an index. */
  readonly waitSeconds: number;
}

/** Sends requests. Each throws where Consul does not answer with 2xx, and after an abort. */
export interface Requests {
  /** Sends one, and answers its body. */
  call(
    send: (options: RequestOptions) => Promise<unknown>,
    limits: { readonly signal: AbortSignal; readonly timeout?: number },
  ): Promise<unknown>;
  /** Sends one that may block until there is news. */
  query(
    send: (options: RequestOptions & { index?: string; wait?: string }) => Promise<unknown>,
    blocking: BlockingQuery,
    signal: AbortSignal,
  ): Promise<{ readonly index: bigint; readonly body: unknown }>;
}

/** For calls that do not block: an agent that takes longer is as good as gone. */
const CALL_TIMEOUT_MS = 5_000;

const headers = z.record(z.string(), z.unknown());
/** What the library answers with `includeResponse`; calls without a body answer the response alone. */
const answer = z.tuple([z.object({ headers })], z.unknown());
/** What it throws where Consul has answered. */
const refusal = z.object({ response: z.object({ headers }) });

/** Makes requests with the token of a configuration. */
export function createRequests(config: Pick<ConsulConfig, "token" | "tokenFile">): Requests {
  async function request(
    send: (options: RequestOptions) => Promise<unknown>,
    { signal, timeout = CALL_TIMEOUT_MS }: { signal: AbortSignal; timeout?: number },
  ) {
    const token = config.token?.reveal() ?? await readToken(config.tokenFile);
    signal.throwIfAborted();
    const ctx = Object.assign(new EventEmitter(), { includeResponse: true });
    const cancel = () => void ctx.emit("cancel");
    signal.addEventListener("abort", cancel, { once: true });
    try {
      const [{ headers }, body] = answer.parse(
        await send({ ...(token && { token }), ctx, timeout }),
      );
      return { headers, body };
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  return {
    async call(send, limits) {
      return (await request(send, limits)).body;
    },
    async query(send, { index, waitSeconds }, signal) {
      // Consul lengthens a wait by up to a sixteenth; our own limit lies beyond that.
      const waitMs = index === undefined ? 0 : waitSeconds * 1_000 * (1 + 1 / 16);
      const blocking = index === undefined ? {} : { index: `${index}`, wait: `${waitSeconds}s` };
      const { headers, body } = await request(
        (options) => send({ ...options, ...blocking }),
        { signal, timeout: waitMs + CALL_TIMEOUT_MS },
      );
      return { index: indexOf(headers), body };
    },
  };
}

/** Whether a call failed because Consul answered with this status. */
export function isStatus(error: unknown, status: number): boolean {
  return error instanceof Error && "statusCode" in error && error.statusCode === status;
}

/** Consul's index in the answer that made a call fail; 0 where there is none. */
export function failureIndex(error: unknown): bigint {
  return indexOf(refusal.safeParse(error).data?.response.headers ?? {});
}

function indexOf(headers: Record<string, unknown>): bigint {
  const index = String(headers["x-consul-index"]);
  return /^\d+$/.test(index) ? BigInt(index) : 0n;
}

async function readToken(file: string | undefined): Promise<string | undefined> {
  return file === undefined ? undefined : (await Deno.readTextFile(file)).trim();
}
