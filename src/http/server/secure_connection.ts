/**
 * One connection of a client on a port that serves TLS: first the handshake, then requests. A client that
 * speaks plain HTTP gets a 400.
 *
 * @module
 */

import { errorText, type Logger } from "../../log.ts";
import { textReply } from "../message.ts";
import { Connection, type ServedConnection, type Shared } from "./connection.ts";
import { type Socket, withFirst } from "./socket.ts";
import type { SecuredSocket, Tls } from "./tls/tls.ts";

/** Seconds for a handshake, counted from when the connection is accepted. */
const HANDSHAKE_S_MAX = 10;
/**
 * The most handshakes in progress, counted from the client's first byte on. The oldest one is closed if there
 * are more.
 */
const HANDSHAKES_MAX = 1_024;
/** The first byte of a TLS handshake. */
const HANDSHAKE_RECORD = 22;

const refusePlain = () => textReply(400, "Client sent an HTTP request to an HTTPS server.\n");

/** What all TLS connections of one server share, in addition to what plain ones do. */
export interface SecureShared {
  readonly shared: Shared;
  /** Handshakes in progress. */
  readonly handshakes: Set<SecureConnection>;
  readonly log: Logger;
}

/** A connection that is first secured and then served. */
export class SecureConnection implements ServedConnection {
  readonly client: string;
  readonly #conn: Socket;
  readonly #tls: Tls;
  readonly #secureShared: SecureShared;
  /** Serves requests after the handshake. */
  #served: Connection | undefined;
  #isIdle = false;
  /** The second in which its time is up. */
  readonly #due: number;

  constructor(conn: Socket, tls: Tls, secureShared: SecureShared) {
    this.client = conn.remoteAddr.hostname;
    this.#conn = conn;
    this.#tls = tls;
    this.#secureShared = secureShared;
    this.#due = secureShared.shared.seconds + HANDSHAKE_S_MAX + 1;
  }

  get isIdle(): boolean {
    return this.#served?.isIdle ?? this.#isIdle;
  }

  set isIdle(isIdle: boolean) {
    if (this.#served) this.#served.isIdle = isIdle;
    else this.#isIdle = isIdle;
  }

  get awaitsRequest(): boolean {
    return this.#served?.awaitsRequest ?? true;
  }

  /** Performs the handshake, and serves the client. */
  async run(): Promise<void> {
    const { shared } = this.#secureShared;
    try {
      await this.#run();
    } catch (error) {
      shared.onFailed(error, this.client);
    } finally {
      shared.onEnded(this);
    }
  }

  tick(): void {
    if (this.#served) this.#served.tick();
    else if (this.#due <= this.#secureShared.shared.seconds) this.close();
  }

  close(): void {
    if (this.#served) return this.#served.close();
    try {
      this.#conn.close();
    } catch {
      // It is closed already.
    }
  }

  /** @throws if TLS breaks off after the handshake */
  async #run(): Promise<void> {
    const { shared, log } = this.#secureShared;
    const { client } = this;
    let closed: Promise<void> | undefined;
    try {
      this.#conn.setNoDelay();
      this.#conn.setKeepAlive();
      const first = new Uint8Array(1);
      if (await this.#conn.read(first) === null) return this.#conn.close();
      const conn = withFirst(this.#conn, first);
      if (first[0] === HANDSHAKE_RECORD) {
        const socket = await this.#secure(conn);
        closed = socket.closed;
        this.#served = new Connection(socket, shared);
      } else {
        log.debug("plain HTTP request on the HTTPS port", { client });
        this.#served = new Connection(conn, shared, refusePlain);
      }
    } catch (error) {
      this.close();
      log.debug("TLS handshake failed", { client, err: errorText(error) });
      return;
    }
    await this.#served.run();
    await closed;
  }

  async #secure(conn: Socket): Promise<SecuredSocket> {
    const { handshakes } = this.#secureShared;
    handshakes.add(this);
    if (handshakes.size > HANDSHAKES_MAX) {
      const [oldest] = handshakes;
      handshakes.delete(oldest);
      oldest.close();
    }
    try {
      return await this.#tls.secure(conn);
    } finally {
      handshakes.delete(this);
    }
  }
}
