/**
 * Serves connections that are accepted here and not by `Deno.serve`, so that a listener can be closed
 * before them. `Deno.serve` ends both at once, and resets what has been accepted and has brought no
 * request yet; where another process listens on the same address there is no moment without such.
 *
 * @module
 */

import { sleep, within } from "../backoff.ts";
import { errorText, type Logger } from "../log.ts";

/** Answers a request, and never throws. */
type Handler = (
  request: Request,
  info: Deno.ServeHandlerInfo<Deno.NetAddr>,
) => Response | Promise<Response>;

/**
 * What `Deno.serve` itself does with a connection. Deno shows it to its own parts only, so a version
 * may come without it.
 */
type ServeConnection = (
  connection: Deno.TcpConn,
  signal: AbortSignal | undefined,
  handler: Handler,
  onError: () => Response,
  onListen: () => void,
) => Deno.HttpServer<Deno.NetAddr>;

/** How long a connection without a request may wait for its next one, or its first, at the end. */
const LINGER_MS = 1_000;

/** Before the next try where none can be accepted. */
const ACCEPT_AGAIN_MS = 1_000;

/** Connections that are served. */
export interface Connections {
  /** Serves those that come until the listener is closed. */
  accept(listener: Deno.TcpListener): Promise<void>;
  /**
   * Ends each with the answer to the request that it has, or to its next; one that brings none for a
   * second is closed. The listener has to be closed before.
   */
  end(): Promise<void>;
}

interface Served {
  /** Ends with the answer under way, or at once. */
  readonly finish: () => Promise<void>;
  /** When nothing more comes over it, however that came. Never rejects. */
  readonly ended: Promise<unknown>;
  inFlight: number;
}

/** @throws {Error} where this Deno has no such thing */
function serveConnectionOfDeno(): ServeConnection {
  const { internal } = Deno as unknown as { readonly internal?: symbol };
  const hidden = Deno as unknown as Record<symbol, Record<string, unknown> | undefined>;
  const serve = internal && hidden[internal]?.serveHttpOnConnection;
  if (typeof serve === "function") return serve as ServeConnection;
  throw new Error(
    `expected a Deno that can serve a single connection, found none in ${Deno.version.deno}`,
  );
}

/**
 * Makes one.
 *
 * @param onError answers where the handler throws
 * @throws {Error} where this Deno cannot serve a single connection
 */
export function createConnections(
  handler: Handler,
  { onError, log }: { readonly onError: () => Response; readonly log: Logger },
): Connections {
  const serve = serveConnectionOfDeno();
  const all = new Set<Served>();
  let ending = false;

  function take(connection: Deno.TcpConn): void {
    const answer: Handler = async (request, info) => {
      served.inFlight++;
      if (ending) void served.finish();
      try {
        const response = await handler(request, info);
        if (ending) response.headers.set("connection", "close"); // not every Deno says so by itself
        return response;
      } finally {
        served.inFlight--;
      }
    };
    const server = serve(connection, undefined, answer, onError, () => {});
    const tell = (error: unknown) => log.debug("connection broke off", { err: errorText(error) });
    const finish = () => server.shutdown().catch(tell);
    const ended = server.finished.catch((error) => {
      tell(error); // a client that is gone, or speaks no HTTP: `Deno.serve` keeps it to itself
      return finish(); // only this frees what Deno has of it
    }).finally(() => all.delete(served));
    const served: Served = { finish, ended, inFlight: 0 };
    all.add(served);
  }

  return {
    async accept(listener) {
      for (;;) {
        const connection = await nextConnection(listener, log);
        if (!connection) return;
        take(connection);
      }
    },
    async end() {
      ending = true;
      for (const { finish, inFlight } of all) if (inFlight > 0) void finish();
      const ended = () => Promise.all([...all].map(({ ended }) => ended));
      if (await within(LINGER_MS, ended())) return;
      for (const { finish } of all) void finish();
      await ended();
    },
  };
}

/** Undefined: the listener has been closed. */
async function nextConnection(
  listener: Deno.TcpListener,
  log: Logger,
): Promise<Deno.TcpConn | undefined> {
  const { BadResource, Interrupted, ConnectionAborted } = Deno.errors;
  for (;;) {
    try {
      return await listener.accept();
    } catch (error) {
      if (error instanceof BadResource || error instanceof Interrupted) return undefined;
      if (error instanceof ConnectionAborted) continue; // its client has gone already
      // Too many open files, as a rule: the others can wait until some of those are closed.
      log.warn("no connection can be accepted; trying again", { err: errorText(error) });
      await sleep(ACCEPT_AGAIN_MS);
    }
  }
}
