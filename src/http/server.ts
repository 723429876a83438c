/** Listens, and lets go in an orderly way. @module */

import { sleep, within } from "../backoff.ts";
import { type ListenAddress, showListenAddress } from "../config/values.ts";
import type { Logger } from "../log.ts";
import { createConnections } from "./connections.ts";

/** The longest that requests in flight may hold up the end of the process. */
const DRAIN_MS_MAX = 10_000;

/**
 * What waits to be accepted is reset when a listener closes, unless the kernel hands it to another
 * (`tcp_migrate_req`). So that happens when all that a signal sets going is over, and nothing waits:
 * 2 of 100 restarts lost a push so, 12 without, at 200 pushes a second.
 */
const SETTLED_MS = 50;
/** An answer is done when Deno has it, and not only when it has left. */
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
  readonly log: Logger;
}

/**
 * Starts to listen.
 *
 * @throws where the address cannot be had, with a message for the operator
 */
export function listen(options: ListenOptions, handler: Handler): Server {
  const { address, finished, end } = bind(options, handler);
  return {
    address,
    async run(signal) {
      await Promise.race([finished, aborted(signal)]);
      await within(DRAIN_MS_MAX, end());
      await sleep(FLUSH_MS);
    },
  };
}

interface Bound {
  readonly address: Deno.NetAddr;
  /** When it takes no more, by itself. */
  readonly finished: Promise<void>;
  /** Takes no more, and is done when all that it has is done. */
  end(): Promise<void>;
}

function bind(options: ListenOptions, handler: Handler): Bound {
  const { hostname, port } = options.address;
  const open = options.reusePort ? accepting(handler, options.log) : serving(handler);
  try {
    // As in Go, no host means every address of both families.
    return open({ hostname: hostname || "::", port });
  } catch (cause) {
    // A host without IPv6 cannot listen on "::".
    const retry = hostname === "" && !(cause instanceof Deno.errors.AddrInUse);
    if (retry) return bind({ ...options, address: { hostname: "0.0.0.0", port } }, handler);
    throw new Error(`cannot listen on ${showListenAddress({ hostname, port })}`, { cause });
  }
}

type Open = (address: ListenAddress) => Bound;

const onError = () => new Response("internal error\n", { status: 500 });

function serving(handler: Handler): Open {
  return (address) => {
    const server = Deno.serve({ ...address, onListen: () => {}, onError }, handler);
    return { address: server.addr, finished: server.finished, end: () => server.shutdown() };
  };
}

/** Beside other processes on the same address. */
function accepting(handler: Handler, log: Logger): Open {
  const connections = createConnections(handler, { onError, log });
  return (address) => {
    const listener = Deno.listen({ ...address, reusePort: true });
    const finished = connections.accept(listener);
    return {
      address: listener.addr as Deno.NetAddr,
      finished,
      async end() {
        await sleep(SETTLED_MS);
        listener.close();
        await finished;
        await connections.end();
      },
    };
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
