/** Turns a TCP connection into a stream of Node.js, for TLS. @module */

import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import type { Socket } from "../socket.ts";

/** The size of a read, unless the last one was filled. */
const READ_BYTES = 2_048;
const READ_LARGE_BYTES = 16_384;

/**
 * Reads from the connection. After the handshake it reads only while bytes are awaited: until then what a
 * client sends stays in the kernel.
 */
export class Transport {
  readonly stream: Duplex;
  readonly #conn: Socket;
  /** Whether the stream has room. */
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
        // TLS destroys the stream while its last bytes are being written.
        this.#writing.then(end, end);
      },
    });
  }

  /** Closes it at once, even during a write. */
  abort(): void {
    close(this.#conn);
    this.stream.destroy();
  }

  /** Sets whether bytes are awaited. */
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
    // It is closed already.
  }
}
