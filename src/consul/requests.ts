/**
 * Sends requests to Consul through the library: with the current token, a timeout, a signal that ends
 * them, and the headers of the answer.
 *
 * @module
 */

import { EventEmitter } from "node:events";
import * as z from "zod";
import { readFailure } from "../config/files.ts";
import { ConsulFailure, type FailureConfig, failureOf, noToken } from "./failure.ts";
import { watchAgent } from "./tripwire.ts";

/** The options of the library for every request. */
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

/**
 * Sends requests. Each throws a {@linkcode ConsulFailure} if Consul does not answer with 2xx, and
 * another error after an abort.
 */
export interface Requests {
  /** Sends one, and answers its body. */
  call(
    send: (options: RequestOptions) => Promise<unknown>,
    limits: Limits,
  ): Promise<unknown>;
  /** Sends one that may block until there is news. */
  query(
    send: (options: RequestOptions & { index?: string; wait?: string }) => Promise<unknown>,
    blocking: BlockingQuery,
    signal: AbortSignal,
  ): Promise<{ readonly index: bigint; readonly body: unknown }>;
}

/** What ends a request early. */
interface Limits {
  readonly signal: AbortSignal;
  readonly timeout?: number;
}

/** Shorter waits end soon enough by themselves. */
const WATCHED_SECONDS_MIN = 10;
/** The timeout of calls that do not block: a slower agent counts as down. */
const CALL_TIMEOUT_MS = 5_000;
const EXPLAIN_TIMEOUT_MS = 1_000;

const headers = z.record(z.string(), z.unknown());
/** What the library answers with `includeResponse`; calls without a body answer the response alone. */
const answer = z.tuple([z.object({ headers })], z.unknown());
/** The error of the library when Consul has answered. */
const refusal = z.object({ response: z.object({ headers }) });

/** Asks Consul something else, for a moment. */
export type Ask = (send: (options: RequestOptions) => Promise<unknown>) => Promise<unknown>;

/**
 * Creates requests with the token of a configuration.
 *
 * @param explain finds out more about a failure of a call without urgency
 */
export function createRequests(
  config: FailureConfig,
  explain: (failure: ConsulFailure, ask: Ask, signal: AbortSignal) => Promise<ConsulFailure>,
): Requests {
  async function attempt(
    send: (options: RequestOptions) => Promise<unknown>,
    { signal, timeout }: Required<Limits>,
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

  async function request(
    send: (options: RequestOptions) => Promise<unknown>,
    { signal, timeout = CALL_TIMEOUT_MS }: Limits,
  ) {
    try {
      return await attempt(send, { signal, timeout });
    } catch (error) {
      if (signal.aborted || error instanceof ConsulFailure) throw error;
      const failure = failureOf(error, { config, timeoutMs: timeout });
      if (timeout < CALL_TIMEOUT_MS) throw failure;
      const ask: Ask = async (send) =>
        (await attempt(send, { signal, timeout: EXPLAIN_TIMEOUT_MS })).body;
      throw await explain(failure, ask, signal);
    }
  }

  return {
    async call(send, limits) {
      return (await request(send, limits)).body;
    },
    async query(send, { index, waitSeconds }, signal) {
      const ask = async (blocking: { index?: string; wait?: string }, limits: Limits) => {
        const { headers, body } = await request(
          (options) => send({ ...options, ...blocking }),
          limits,
        );
        return { index: indexOf(headers), body };
      };
      if (index === undefined) return await ask({}, { signal });
      // Consul lengthens a wait by up to a sixteenth; our own limit lies beyond that.
      const timeout = waitSeconds * 1_000 * (1 + 1 / 16) + CALL_TIMEOUT_MS;
      const gone = new AbortController();
      // Over TLS an agent closes connections without a handshake. Then only the timeout is left.
      const isWatched = config.scheme === "http" && waitSeconds >= WATCHED_SECONDS_MIN;
      using _watch = isWatched ? watchAgent(config, () => gone.abort()) : undefined;
      try {
        const either = AbortSignal.any([signal, gone.signal]);
        return await ask({ index: `${index}`, wait: `${waitSeconds}s` }, {
          signal: either,
          timeout,
        });
      } catch (error) {
        if (signal.aborted || !gone.signal.aborted) throw error;
        return await ask({}, { signal }); // an agent that was restarted may count from 1 again
      }
    },
  };
}

/** Consul's index in the answer that made a call fail; 0 where there is none. */
export function failureIndex(error: unknown): bigint {
  return indexOf(refusal.safeParse(error).data?.response.headers ?? {});
}

function indexOf(headers: Record<string, unknown>): bigint {
  const index = String(headers["x-consul-index"]);
  return /^\d+$/.test(index) ? BigInt(index) : 0n;
}

/** @throws {ConsulFailure} if the file has no token: a request without one would be anonymous */
async function readToken(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  let token: string;
  try {
    token = (await Deno.readTextFile(file)).trim();
  } catch (cause) {
    throw noToken(file, readFailure(cause));
  }
  if (token === "") throw noToken(file, "expected a token, found nothing");
  return token;
}
