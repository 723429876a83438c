/** The interface of TLS to the server. @module */

import type { WebTls } from "../../../config/web_config.ts";
import type { Socket } from "../socket.ts";

/** A connection that TLS secures. */
export interface SecuredSocket extends Socket {
  /** Resolves when it is closed, and the client was told so or does not receive any more. Never rejects. */
  readonly closed: Promise<void>;
}

/** Certificates that connections are secured with. After disposal it secures no further connections. */
export interface Tls extends Disposable {
  /**
   * Performs the handshake of a connection, and owns the connection from now on.
   *
   * @returns the secured connection. Closing it closes both.
   * @throws if the handshake fails, or the connection is closed in the meantime. The connection is closed
   *   then.
   */
  secure(conn: Socket): Promise<SecuredSocket>;
}

/**
 * The protocols for ALPN, the preferred one first. A client that names protocols, but none of these, is
 * refused.
 */
export const PROTOCOLS = ["http/1.1", "http/1.0"];

/** The settings of TLS. */
export type TlsSettings = Pick<
  WebTls,
  "clientAuth" | "clientNames" | "minVersion" | "maxVersion"
>;
