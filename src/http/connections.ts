/**
 * Serves connections that are accepted here and not by `Deno.serve`, for two things that one cannot do:
 * give up its address before its connections (it resets what has been accepted and has brought no
 * request yet, and where another process listens on the same address there is no moment without such),
 * and go on when there are too many open files (it ends).
 *
 * @module
 */

import { sleep, within } from "../concurrency/backoff.ts";
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

/** Before the next try where none can be accepted. */
const ACCEPT_AGAIN_MS = 1_000;

/** Connections that are served. */
export interface Connections {
  /** Serves those that come until the listener is closed. */
  accept(listener: Deno.TcpListener): Promise<void>;
  /**
   * Ends each with the answer to the request that it has, or to its next. The listener has to be closed
   * before.
   *
   * @param lingerMs one that brings no request for so long is closed
   */
  end(lingerMs: number): Promise<void>;
}

const { BadResource, Interrupted, ConnectionAborted } = Deno.errors;
/** What the handler does not answer; it answers everything. */
const onError = () => new Response("internal error\n", { status: 500 });

interface Served {
  /** Ends with the answer under way, or at once. */
  readonly finish: () => Promise<void>;
  /** When nothing more comes over it, however that came. Never rejects. */
  readonly ended: Promise<unknown>;
  inFlight: number;
  /** It has brought no request since somebody last looked. */
  idle: boolean;
}

/**
 * Deno has no types for it.
 *
 * @throws {Error} where this Deno has no such thing
 */
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
 * Creates the connections of one server.
 *
 * @throws {Error} where this Deno cannot serve a single connection
 */
export function createConnections(handler: Handler, log: Logger): Connections {
  const serve = serveConnectionOfDeno();
  const all = new Set<Served>();
  let ending = false;

  function take(connection: Deno.TcpConn): void {
    const answer: Handler = async (request, info) => {
      served.inFlight++;
      served.idle = false;
      try {
        const response = await handler(request, info);
        if (ending) response.headers.set("connection", "close"); // not every Deno says so by itself
        return response;
      } finally {
        served.inFlight--;
        if (ending) void served.finish();
      }
    };
    const server = serve(connection, undefined, answer, onError, () => {});
    const tell = (error: unknown) => log.debug("connection broke off", { err: errorText(error) });
    const finish = () => server.shutdown().catch(tell);
    const ended = server.finished.catch((error) => {
      tell(error); // a client that is gone, or speaks no HTTP: `Deno.serve` keeps it to itself
      return finish(); // only this frees what Deno has of it
    }).finally(() => all.delete(served));
    const served: Served = { finish, ended, inFlight: 0, idle: false };
    all.add(served);
  }

  /** Closes those that have brought nothing since the last call; returns how many. */
  function shed(): number {
    let closed = 0;
    for (const served of all) {
      if (served.inFlight > 0) continue;
      if (served.idle) {
        void served.finish();
        closed++;
      }
      served.idle = true;
    }
    return closed;
  }

  return {
    async accept(listener) {
      for (;;) {
        let connection: Deno.TcpConn;
        try {
          connection = await listener.accept();
        } catch (error) {
          if (error instanceof BadResource || error instanceof Interrupted) return; // closed
          if (error instanceof ConnectionAborted) continue; // its client has gone already
          // Too many open files, as a rule.
          const fields = { err: errorText(error), closed: shed() };
          log.warn("no connection can be accepted: those that are idle are closed", fields);
          await sleep(ACCEPT_AGAIN_MS);
          continue;
        }
        take(connection);
      }
    },
    async end(lingerMs) {
      ending = true;
      const ended = () => Promise.all([...all].map(({ ended }) => ended));
      if (await within(lingerMs, ended())) return;
      for (const { finish, inFlight } of all) if (inFlight === 0) void finish();
      await ended();
    },
  };
}
