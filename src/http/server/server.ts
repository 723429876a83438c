/** Listens, and lets go in an orderly way. @module */

import { untilAborted } from "../../concurrency/abort.ts";
import { sleep, within } from "../../concurrency/backoff.ts";
import { type ListenAddress, showListenAddress } from "../../config/values.ts";
import type { Logger } from "../../log.ts";
import type { Refusal } from "../../wire/request_head.ts";
import { createConnections } from "./connections.ts";
import type { Tls } from "./tls/tls.ts";
import type { Handler } from "../message.ts";

/** The longest that requests in flight may hold up the end of the process. */
const DRAIN_MS_MAX = 10_000;

/**
 * What waits to be accepted is reset when a listener closes, unless the kernel hands it to another
 * (`tcp_migrate_req`). So that happens when all that a signal sets going is over, and nothing waits:
 * 2 of 100 restarts lost a push so, 12 without, at 200 pushes a second.
 */
const SETTLED_MS = 50;
/**
 * How long a connection without a request may wait for its next one, or its first, where another
 * process has taken over: where none has, the sooner this one ends the better.
 */
const LINGER_MS = 1_000;

/** What Linux asks of all that listen on one address, the first included. */
const SHARING_TERMS =
  "expected every process there to have --web.reuse-port and to run as the same user, found one that does not";

/** A listening server. */
export interface Server {
  readonly address: Deno.NetAddr;
  /** Serves until the signal aborts, then until what is in flight is done, `DRAIN_MS_MAX` at most. */
  run(signal: AbortSignal): Promise<void>;
}

/** Where to listen, and whether others may at the same time. */
export interface ListenOptions {
  readonly address: ListenAddress;
  /** The kernel deals new connections out to all that listen (`SO_REUSEPORT`). */
  readonly reusePort?: boolean;
  /** Called with what was no request, and was refused before anybody could be asked. */
  readonly onRefused?: (refusal: Refusal, client: string) => void;
  /** What the next connection is secured with; nothing where plain HTTP is spoken. */
  readonly tls?: () => Tls | undefined;
  readonly log: Logger;
}

/**
 * Starts to listen.
 *
 * @throws where the address cannot be had, with a message for the operator
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
    // As in Go, no host means every address of both families.
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
