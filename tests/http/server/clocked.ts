/** A connection of the server whose seconds pass when a test says so. @module */

import type { Handler } from "../../../src/http/message.ts";
import { ShortAnswers } from "../../../src/http/server/short_answers.ts";
import { Connection, type Shared } from "../../../src/http/server/connection.ts";
import { SMALL_BYTES } from "../../../src/http/server/input.ts";
import type { Socket } from "../../../src/http/server/socket.ts";
import { createSmallBuffers } from "../../../src/http/server/small_buffers.ts";
import type { Refusal } from "../../../src/wire/request_head.ts";
import { Recall } from "../../../src/wire/recall.ts";
import { createRequestReader } from "../../../src/wire/request_reader.ts";
import { connect, type RawClient } from "./raw_client.ts";

/** What a server shares between its connections, with nothing in use. */
export function sharedWith(own: Partial<Shared> & Pick<Shared, "handler">): Shared {
  return {
    onRefused() {},
    onFailed() {},
    onEnded() {},
    seconds: 0,
    date: "",
    isEnding: false,
    headBytes: 0,
    recall: new Recall(),
    openReader: () => createRequestReader(),
    readers: [],
    memory: { small: createSmallBuffers(SMALL_BYTES), larges: [] },
    shortAnswers: new ShortAnswers(),
    ...own,
  };
}

/** A connection, and the client of it. Disposal closes both. */
export interface Clocked extends AsyncDisposable {
  readonly client: RawClient;
  readonly shared: Shared;
  /** What was refused. */
  readonly refusals: readonly Refusal["refused"][];
  /** Whether it has closed the connection. */
  readonly isClosed: boolean;
  /** How often it has begun to read. */
  readonly reads: number;
  /** Lets so many seconds pass. */
  pass(seconds: number): void;
}

/** Opens a connection on which nothing was sent. */
export async function openClocked(handler: Handler): Promise<Clocked> {
  const refusals: Refusal["refused"][] = [];
  const shared = sharedWith({ handler, onRefused: ({ refused }) => refusals.push(refused) });
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [client, conn] = await Promise.all([connect(listener.addr.port), listener.accept()]);
  let [reads, isClosed] = [0, false];
  const counted: Socket = {
    remoteAddr: conn.remoteAddr,
    read(into: Uint8Array) {
      reads++;
      return conn.read(into);
    },
    write: (bytes: Uint8Array) => conn.write(bytes),
    closeWrite: () => conn.closeWrite(),
    close() {
      isClosed = true;
      conn.close();
    },
    setNoDelay() {},
    setKeepAlive() {},
  };
  const connection = new Connection(counted, shared);
  const ended = connection.run();
  return {
    client,
    shared,
    refusals,
    get isClosed() {
      return isClosed;
    },
    get reads() {
      return reads;
    },
    pass(seconds) {
      for (let i = 0; i < seconds; i++) {
        shared.seconds++;
        connection.tick();
      }
    },
    async [Symbol.asyncDispose]() {
      connection.close();
      client[Symbol.dispose]();
      await ended;
    },
  };
}
