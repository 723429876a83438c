/** What TLS of our own port is to the server. @module */

import type { WebTls } from "../../../config/web_config.ts";
import type { Socket } from "../socket.ts";

/** A connection that TLS secures. */
export interface SecuredSocket extends Socket {
  /** Is kept when it is closed, and the client was told so or does not listen. Never rejects. */
  readonly closed: Promise<void>;
}

/** Certificates that connections are secured with. Disposal secures no further ones. */
export interface Tls extends Disposable {
  /**
   * Performs the handshake of one connection, which is this function's from now on.
   *
   * @returns the secured connection; to close it closes both
   * @throws where the handshake fails, or the connection is closed in the meantime; it is closed then
   */
  secure(conn: Socket): Promise<SecuredSocket>;
}

/** What is spoken, the best first. A client that names protocols, and none of these, is refused. */
export const PROTOCOLS = ["http/1.1", "http/1.0"];

/** How it is served. */
export type TlsSettings = Pick<
  WebTls,
  "clientAuth" | "clientNames" | "minVersion" | "maxVersion"
>;
