/**
 * The connections of one server. They are accepted here and not by `Deno.serve`, which cannot release its
 * address before its connections end, stops if there are too many open files, and costs more than everything
 * else that is done with a push (bench/README.md).
 *
 * @module
 */

import { sleep, within } from "../../concurrency/backoff.ts";
import { errorText, faultFields, type Logger } from "../../log.ts";
import { createTrouble } from "../../log/trouble.ts";
import { Recall } from "../../wire/recall.ts";
import type { Refusal } from "../../wire/request_head.ts";
import { createRequestReader } from "../../wire/request_reader.ts";
import { ShortAnswers } from "./short_answers.ts";
import { Connection, type ServedConnection, type Shared } from "./connection.ts";
import { SMALL_BYTES } from "./input.ts";
import { SecureConnection, type SecureShared } from "./secure_connection.ts";
import { createSmallBuffers } from "./small_buffers.ts";
import type { Tls } from "./tls/tls.ts";
import { BodyFailure, type Handler } from "../message.ts";

/** Pause before the next attempt after accepting failed. */
const ACCEPT_AGAIN_MS = 1_000;
const TICK_MS = 1_000;

/** Connections that are served. */
export interface Connections {
  /** Serves new connections until the listener is closed. */
  accept(listener: Deno.TcpListener): Promise<void>;
  /**
   * Ends each connection with the answer to its current request, or to its next one. The listener has to be
   * closed before.
   *
   * @param lingerMs how long a connection without a request is kept
   */
  end(lingerMs: number): Promise<void>;
}

const { BadResource, Interrupted, ConnectionAborted, NotConnected } = Deno.errors;

/** Whether an error comes from the client or the network, and not from this program. */
function isOfConnection(error: unknown): boolean {
  return error instanceof BodyFailure ||
    Object.values(Deno.errors).some((type) => error instanceof type);
}

/** Creates the connections of one server. */
export function createConnections(
  handler: Handler,
  { onRefused, tls = () => undefined, log }: {
    /** Called with input that is not a request. */
    readonly onRefused: (refusal: Refusal, client: string) => void;
    /** Returns the TLS of the next connection; `undefined` for plain HTTP. */
    readonly tls?: () => Tls | undefined;
    readonly log: Logger;
  },
): Connections {
  const all = new Map<ServedConnection, Promise<void>>();
  const recall = new Recall();
  const shared: Shared = {
    handler,
    onRefused,
    onFailed(error, client) {
      if (isOfConnection(error)) {
        log.debug("connection lost", { client, err: errorText(error) });
      } else log.error("connection ended by an internal error", { client, ...faultFields(error) });
    },
    onEnded(connection) {
      if (!all.delete(connection) || all.size > 0) return;
      clearInterval(ticking);
      ticking = undefined;
    },
    seconds: 0,
    date: "",
    isEnding: false,
    headBytes: 0,
    recall,
    openReader: () => createRequestReader(recall),
    readers: [],
    memory: { small: createSmallBuffers(SMALL_BYTES), larges: [] },
    shortAnswers: new ShortAnswers(),
  };
  const secureShared: SecureShared = { shared, handshakes: new Set(), log };
  let ticking: ReturnType<typeof setInterval> | undefined;

  function tick(): void {
    shared.seconds++;
    shared.date = new Date().toUTCString();
    for (const connection of all.keys()) connection.tick();
  }

  function take(conn: Deno.TcpConn): void {
    const securing = tls();
    const connection = securing
      ? new SecureConnection(conn, securing, secureShared)
      : new Connection(conn, shared);
    all.set(connection, connection.run());
    if (ticking !== undefined) return;
    tick();
    ticking = setInterval(tick, TICK_MS);
  }

  /** Closes the connections that have brought no request since the last call. Returns how many. */
  function shed(): number {
    let closed = 0;
    for (const connection of all.keys()) {
      if (!connection.awaitsRequest) continue;
      if (connection.isIdle) {
        connection.close();
        closed++;
      }
      connection.isIdle = true;
    }
    return closed;
  }

  return {
    async accept(listener) {
      const trouble = createTrouble();
      /** Connections that were closed to make room. */
      let closed = 0;
      for (;;) {
        let conn: Deno.TcpConn;
        try {
          conn = await listener.accept();
        } catch (error) {
          if (error instanceof BadResource || error instanceof Interrupted) return; // the listener was closed
          // The client is gone already.
          if (error instanceof ConnectionAborted || error instanceof NotConnected) continue;
          // Usually there are too many open files.
          if (trouble.isNews(error)) {
            const fields = { err: errorText(error) };
            log.warn(
              "accepting connections failed, trying again: idle connections are closed",
              fields,
            );
          }
          closed += shed();
          await sleep(ACCEPT_AGAIN_MS);
          continue;
        }
        const past = trouble.over();
        if (past) {
          log.info("accepting connections works again", { closed, ...past });
          closed = 0;
        }
        take(conn);
      }
    },
    async end(lingerMs) {
      shared.isEnding = true;
      const ended = () => Promise.all(all.values());
      if (await within(lingerMs, ended())) return;
      for (const connection of all.keys()) if (connection.awaitsRequest) connection.close();
      await ended();
    },
  };
}
