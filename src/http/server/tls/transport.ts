/** A connection of TCP as a stream of Node.js, for what secures it. @module */

import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import type { Socket } from "../socket.ts";

/** At once, as long as a read does not fill it. */
const READ_BYTES = 2_048;
const READ_LARGE_BYTES = 16_384;

/**
 * Reads from the connection, after the handshake only while somebody waits for what comes: what a client
 * sends unasked stays with the kernel.
 */
export class Transport {
  readonly stream: Duplex;
  readonly #conn: Socket;
  /** The stream has room. */
  #isAsked = false;
  #isReading = false;
  #isAwaited = true;
  #readBytes = READ_BYTES;
  #writing = Promise.resolve();

  constructor(conn: Socket) {
    this.#conn = conn;
    this.stream = new Duplex({
      read: () => {
        this.#isAsked = true;
        this.#read();
      },
      write: (bytes: Uint8Array, _, done) => {
        this.#writing = writeAll(conn, bytes);
        this.#writing.then(() => done(), done);
      },
      final: (done) => void conn.closeWrite().then(() => done(), () => done()),
      destroy: (error, done) => {
        const end = () => {
          close(conn);
          done(error);
        };
        // What secures it lets go of it while the farewell is on its way.
        this.#writing.then(end, end);
      },
    });
  }

  /** Ends it, whatever is on its way. */
  abort(): void {
    close(this.#conn);
    this.stream.destroy();
  }

  /** Says whether somebody waits for what comes. */
  setAwaited(isAwaited: boolean): void {
    this.#isAwaited = isAwaited;
    this.#read();
  }

  #read(): void {
    if (!this.#isAsked || !this.#isAwaited || this.#isReading) return;
    this.#isReading = true;
    const buffer = Buffer.allocUnsafe(this.#readBytes);
    this.#conn.read(buffer).then((length) => {
      this.#isReading = this.#isAsked = false;
      this.#readBytes = length === buffer.length ? READ_LARGE_BYTES : READ_BYTES;
      this.stream.push(length === null ? null : buffer.subarray(0, length));
    }, (error) => this.stream.destroy(error));
  }
}

async function writeAll(conn: Socket, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

function close(conn: Socket): void {
  try {
    conn.close();
  } catch {
    // closed before
  }
}
