/** Listens on an address, and shuts down gracefully. @module */

import { untilAborted } from "../../concurrency/abort.ts";
import { sleep, within } from "../../concurrency/backoff.ts";
import { type ListenAddress, showListenAddress } from "../../config/values.ts";
import type { Logger } from "../../log.ts";
import type { Refusal } from "../../wire/request_head.ts";
import { createConnections } from "./connections.ts";
import type { Tls } from "./tls/tls.ts";
import type { Handler } from "../message.ts";

/** The longest that requests in flight may delay the end of the process. */
const DRAIN_MS_MAX = 10_000;

/**
 * Connections that wait to be accepted are reset when a listener closes, unless the kernel passes them to
 * another listener (`tcp_migrate_req`). So the listener closes when everything else that a signal starts is
 * done and no connection waits: with this pause 2 of 100 restarts lost a push, without it 12, at 200 pushes a
 * second.
 */
const SETTLED_MS = 50;
/**
 * How long a connection may wait for its next or first request if another process may have taken over.
 * Without one it does not wait, because then the service should be back as soon as possible.
 */
const LINGER_MS = 1_000;

/** What Linux requires of all processes that listen on one address, including the first. */
const SHARING_TERMS =
  "expected every process there to have --web.reuse-port and to run as the same user, found one that does not";

/** A listening server. */
export interface Server {
  readonly address: Deno.NetAddr;
  /** Serves until the signal aborts, then until the requests in flight are done, `DRAIN_MS_MAX` at most. */
  run(signal: AbortSignal): Promise<void>;
}

/** Where to listen, and whether other processes may listen there as well. */
export interface ListenOptions {
  readonly address: ListenAddress;
  /** Whether the kernel distributes new connections among all listeners (`SO_REUSEPORT`). */
  readonly reusePort?: boolean;
  /** Called with input that is not a request and was refused. */
  readonly onRefused?: (refusal: Refusal, client: string) => void;
  /** Returns the TLS of the next connection; `undefined` for plain HTTP. */
  readonly tls?: () => Tls | undefined;
  readonly log: Logger;
}

/**
 * Starts to listen.
 *
 * @throws if the address is not available, with a message for the operator
 */
export function listen(options: ListenOptions, handler: Handler): Server {
  const { reusePort = false, onRefused = () => {}, tls, log } = options;
  const connections = createConnections(handler, { onRefused, tls, log });
  const listener = open(options.address, reusePort);
  const accepting = connections.accept(listener);
  return {
    address: listener.addr as Deno.NetAddr,
    async run(signal) {
      await Promise.race([accepting, untilAborted(signal)]);
      if (reusePort) await sleep(SETTLED_MS);
      listener.close();
      await accepting;
      await within(DRAIN_MS_MAX, connections.end(reusePort ? LINGER_MS : 0));
    },
  };
}

function open({ hostname, port }: ListenAddress, reusePort: boolean): Deno.TcpListener {
  try {
    // As in Go, no host means all IPv4 and IPv6 addresses.
    return Deno.listen({ hostname: hostname || "::", port, reusePort });
  } catch (cause) {
    // A host without IPv6 cannot listen on "::".
    const retry = hostname === "" && !(cause instanceof Deno.errors.AddrInUse);
    if (retry) return open({ hostname: "0.0.0.0", port }, reusePort);
    const what = `cannot listen on ${showListenAddress({ hostname, port })}`;
    const isUnshared = reusePort && cause instanceof Deno.errors.AddrInUse;
    throw new Error(isUnshared ? `${what}: ${SHARING_TERMS}` : what, { cause });
  }
}
