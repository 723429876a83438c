/**
 * TLS for runtimes that can only accept it (up to Deno 2.8): connections are relayed to a TLS listener on
 * loopback. So connections are still accepted here, with our limits and the certificates that are current
 * when they are accepted. It takes twice the CPU of `node:tls`, and can neither ask for client certificates
 * nor choose versions.
 *
 * @module
 */

import { sleep } from "../../../concurrency/backoff.ts";
import type { Certificates } from "../../../config/web_config.ts";
import { ALREADY_SET, type Socket } from "../socket.ts";
import { PROTOCOLS, type SecuredSocket, type Tls } from "./tls.ts";

const LOOPBACK = "127.0.0.1";
const RELAYED_BYTES = 16_384;
/** How long the client may take to receive what was written last. */
const FAREWELL_MS_MAX = 1_000;
/** The most connections that other programs have made, or that are not matched with their relay yet. */
const UNCLAIMED_MAX = 256;
/** Pause before the next attempt after accepting failed. */
const ACCEPT_AGAIN_MS = 1_000;

/** Creates TLS by a relay. */
export function createRelayTls({ cert, key }: Certificates): Tls {
  const listener = Deno.listenTls({
    hostname: LOOPBACK,
    port: 0,
    cert,
    key,
    alpnProtocols: PROTOCOLS,
  });
  const { port } = listener.addr as Deno.NetAddr;
  /**
   * By the port of their other end: connections that were accepted before they were awaited, and awaited
   * ones.
   */
  const unclaimed = new Map<number, Deno.TlsConn>();
  const awaited = new Map<number, (conn: Deno.TlsConn) => void>();
  let securing = 0;
  let isDisposed = false;
  let isClosed = false;

  async function accept(): Promise<void> {
    for (;;) {
      let conn: Deno.TlsConn;
      try {
        conn = await listener.accept();
      } catch {
        if (isClosed) return;
        await sleep(ACCEPT_AGAIN_MS); // usually too many open files
        continue;
      }
      const { port } = conn.remoteAddr as Deno.NetAddr;
      const take = awaited.get(port);
      if (take) take(conn);
      else keep(port, conn);
    }
  }

  function keep(port: number, conn: Deno.TlsConn): void {
    unclaimed.set(port, conn);
    if (unclaimed.size <= UNCLAIMED_MAX) return;
    const [[oldest, stranger]] = unclaimed;
    unclaimed.delete(oldest);
    stranger.close();
  }

  function accepted(port: number): Promise<Deno.TlsConn> {
    return new Promise((resolve) => {
      const there = unclaimed.get(port);
      unclaimed.delete(port);
      if (there) resolve(there);
      else awaited.set(port, resolve);
    });
  }

  function closeUnused(): void {
    if (!isDisposed || securing > 0 || isClosed) return;
    isClosed = true;
    listener.close();
    for (const stranger of unclaimed.values()) stranger.close();
  }

  void accept();
  return {
    async secure(conn) {
      securing++;
      const ends: Closable[] = [conn];
      try {
        const outside = await Deno.connect({ hostname: LOOPBACK, port });
        ends.push(outside);
        const from = outside.localAddr.port;
        const inside = await accepted(from).finally(() => awaited.delete(from));
        ends.push(inside);
        outside.setNoDelay();
        const socket = new RelayedSocket({ conn, outside, inside });
        await inside.handshake();
        return socket;
      } catch (cause) {
        for (const end of ends) close(end);
        throw cause;
      } finally {
        securing--;
        closeUnused();
      }
    },
    [Symbol.dispose]() {
      isDisposed = true;
      closeUnused();
    },
  };
}

type Closable = Pick<Socket, "close">;

/** The client's connection, and both ends of the loopback connection that secures it. */
interface Relay {
  readonly conn: Socket;
  readonly outside: Deno.TcpConn;
  readonly inside: Deno.TlsConn;
}

class RelayedSocket implements SecuredSocket {
  readonly remoteAddr: Deno.NetAddr;
  readonly closed: Promise<void>;
  readonly setNoDelay = ALREADY_SET.setNoDelay;
  readonly setKeepAlive = ALREADY_SET.setKeepAlive;
  readonly #relay: Relay;
  readonly #closed = Promise.withResolvers<void>();
  #isClosed = false;
  /** Whether everything written has been relayed, or cannot be relayed any more. */
  #isTaken = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(relay: Relay) {
    this.#relay = relay;
    this.closed = this.#closed.promise;
    this.remoteAddr = relay.conn.remoteAddr;
    const { conn, outside } = relay;
    void pump(conn, outside).catch(() => this.#closeAll());
    void pump(outside, conn).then(() => {
      this.#isTaken = true;
      if (this.#isClosed) this.#closeAll();
    }, () => this.#closeAll());
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.#relay.inside.read(into);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#relay.inside.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.#relay.inside.closeWrite();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    close(this.#relay.inside);
    if (this.#isTaken) this.#closeAll();
    else this.#timer = setTimeout(() => this.#closeAll(), FAREWELL_MS_MAX);
  }

  #closeAll(): void {
    this.#isTaken = true;
    clearTimeout(this.#timer);
    close(this.#relay.conn);
    close(this.#relay.outside);
    this.#closed.resolve();
  }
}

/** Relays all bytes, and the end of them. @throws if either connection breaks off */
async function pump(from: Socket, to: Socket): Promise<void> {
  const buffer = new Uint8Array(RELAYED_BYTES);
  for (;;) {
    const length = await from.read(buffer);
    if (length === null) return await to.closeWrite();
    for (let at = 0; at < length;) at += await to.write(buffer.subarray(at, length));
  }
}

function close(end: Closable): void {
  try {
    end.close();
  } catch {
    // It is closed already.
  }
}
