/** Listens, and lets go in an orderly way. @module */

import { sleep } from "../backoff.ts";
import { type ListenAddress, showListenAddress } from "../config/values.ts";

/** The longest that requests in flight may hold up the end of the process. */
const DRAIN_MS_MAX = 10_000;

/**
 * When a listener closes, a connection is reset that has just been made and has brought no request
 * yet. So that happens when all that a signal sets going is over, and right after an answer, when
 * none is under way: then it takes a push in the very same fraction of a millisecond.
 */
const SETTLED_MS = 100;
const CALM_MS_MAX = 500;
const FLUSH_MS = 20;

/** A listening server. */
export interface Server {
  readonly address: Deno.NetAddr;
  /** Serves until the signal aborts, then until what is in flight is done, `DRAIN_MS_MAX` at most. */
  run(signal: AbortSignal): Promise<void>;
}

/** The connection that a request came over. */
export type ClientConnection = Pick<Deno.ServeHandlerInfo<Deno.NetAddr>, "remoteAddr">;
/** Answers a request. */
export type Handler = (
  request: Request,
  connection: ClientConnection,
) => Response | Promise<Response>;

/** Where to listen, and whether others may at the same time. */
export interface ListenOptions {
  readonly address: ListenAddress;
  /** The kernel deals new connections out to all that listen (`SO_REUSEPORT`). */
  readonly reusePort?: boolean;
}

/**
 * Starts to listen.
 *
 * @throws where the address cannot be had, with a message for the operator
 */
export function listen(options: ListenOptions, handler: Handler): Server {
  const cut = new AbortController();
  let inFlight = 0;
  let answered = new AbortController();
  const counted: Handler = async (request, connection) => {
    inFlight++;
    try {
      return await handler(request, connection);
    } finally {
      if (--inFlight === 0) answered.abort();
    }
  };

  /** Ends at a moment at which hardly any request is on its way in. */
  async function calm(): Promise<void> {
    await sleep(SETTLED_MS);
    answered = new AbortController();
    await sleep(CALM_MS_MAX, answered.signal);
  }

  const server = bind(options, options.reusePort ? counted : handler, cut.signal);
  return {
    address: server.addr,
    async run(signal) {
      const stopped = new AbortController();
      await Promise.race([server.finished, aborted(signal)]);
      if (options.reusePort) await calm();
      const drained = server.shutdown().then(() => stopped.abort());
      await sleep(DRAIN_MS_MAX, stopped.signal);
      if (!stopped.signal.aborted) cut.abort();
      await drained;
      // An answer is done when Deno has it, and not only when it has left.
      await sleep(FLUSH_MS);
    },
  };
}

function bind(
  { address: { hostname, port }, reusePort = false }: ListenOptions,
  handler: Handler,
  signal: AbortSignal,
): Deno.HttpServer<Deno.NetAddr> {
  const serve = (hostname: string) =>
    Deno.serve({
      signal,
      hostname,
      port,
      reusePort,
      onListen: () => {},
      onError: () => new Response("internal error\n", { status: 500 }),
    }, handler);
  try {
    // As in Go, no host means every address of both families.
    return serve(hostname || "::");
  } catch (cause) {
    // A host without IPv6 cannot listen on "::".
    const retry = hostname === "" && !(cause instanceof Deno.errors.AddrInUse);
    if (retry) return bind({ address: { hostname: "0.0.0.0", port }, reusePort }, handler, signal);
    throw new Error(`cannot listen on ${showListenAddress({ hostname, port })}`, { cause });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
