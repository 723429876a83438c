/** Adapts a connection secured by `node:tls` to the server. @module */

import type { Buffer } from "node:buffer";
import type { TLSSocket } from "node:tls";
import { ALREADY_SET, type Socket } from "../socket.ts";
import type { SecuredSocket } from "./tls.ts";
import type { Transport } from "./transport.ts";

/**
 * How long the client may take to receive the end of TLS. Without it clients may consider an answer cut off.
 */
const FAREWELL_MS_MAX = 1_000;

interface Reader {
  readonly into: Uint8Array;
  readonly resolve: (length: number | null) => void;
  readonly reject: (error: Error) => void;
}

/** One connection. Only one read may be in progress, as with TCP. */
export class NodeTlsSocket implements SecuredSocket {
  readonly remoteAddr: Deno.NetAddr;
  readonly closed: Promise<void>;
  readonly setNoDelay = ALREADY_SET.setNoDelay;
  readonly setKeepAlive = ALREADY_SET.setKeepAlive;
  readonly #socket: TLSSocket;
  readonly #transport: Transport;
  /** Bytes that have arrived and are not read yet. */
  #left: Buffer | null = null;
  #reader: Reader | undefined;
  /** Rejects the write in progress: the stream does not if its connection breaks off. */
  #failWrite: ((error: Error) => void) | undefined;
  #isOver = false;
  #isClosed = false;

  constructor(socket: TLSSocket, transport: Transport, { remoteAddr }: Socket) {
    this.#socket = socket;
    this.#transport = transport;
    this.remoteAddr = remoteAddr;
    const { stream } = transport;
    this.closed = new Promise((resolve) =>
      stream.closed ? resolve() : stream.once("close", resolve)
    );
    transport.setAwaited(false);
    socket.on("readable", () => this.#serveReader());
    socket.on("end", () => {
      this.#isOver = true;
      this.#serveReader();
    });
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail());
  }

  read(into: Uint8Array): Promise<number | null> {
    const length = this.#take(into);
    if (length !== undefined) return Promise.resolve(length);
    if (this.#isClosed || this.#socket.destroyed) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      this.#reader = { into, resolve, reject };
      this.#transport.setAwaited(true);
    });
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.#isClosed || this.#socket.destroyed) return Promise.reject(closed());
    return new Promise((resolve, reject) => {
      this.#failWrite = reject;
      this.#socket.write(bytes, (error) => {
        this.#failWrite = undefined;
        if (error) reject(closed(error));
        else resolve(bytes.length);
      });
    });
  }

  /** Ends our side of TLS after everything written before. */
  closeWrite(): Promise<void> {
    this.#socket.end(() => this.#transport.stream.end());
    return Promise.resolve();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#fail();
    const { stream } = this.#transport;
    if (stream.closed) return;
    const timer = setTimeout(() => this.#transport.abort(), FAREWELL_MS_MAX);
    stream.once("close", () => clearTimeout(timer));
    stream.once("finish", () => stream.destroy());
    if (stream.writableFinished) stream.destroy();
    else void this.closeWrite();
  }

  #serveReader(): void {
    const reader = this.#reader;
    if (!reader) return;
    const length = this.#take(reader.into);
    if (length === undefined) return;
    this.#reader = undefined;
    this.#transport.setAwaited(false);
    reader.resolve(length);
  }

  /**
   * Takes the bytes that have arrived.
   *
   * @returns how many; `null` at the end; `undefined` if more have to arrive
   */
  #take(into: Uint8Array): number | null | undefined {
    this.#left ??= this.#socket.read();
    if (this.#left === null) return this.#isOver ? null : undefined;
    const length = Math.min(into.length, this.#left.length);
    into.set(this.#left.subarray(0, length));
    this.#left = length < this.#left.length ? this.#left.subarray(length) : null;
    return length;
  }

  #fail(error?: Error): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.reject(closed(error));
    this.#failWrite?.(closed(error));
    this.#failWrite = undefined;
  }
}

/** Errors of connections have to be Deno's here. */
function closed(cause?: Error): Error {
  return new Deno.errors.ConnectionReset(cause?.message ?? "the connection was closed", { cause });
}
