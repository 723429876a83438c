/**
 * TLS handshakes, including those that are given up, because some versions of Deno cannot abort one.
 *
 * @module
 */

import { abandonable } from "../../concurrency/abort.ts";

/** A connection for requests and answers. Closing it makes a read or write in progress fail. */
export type ByteStream = Pick<Deno.Conn, "read" | "write" | "close">;

/** Handshakes with one member that were given up and have not ended yet. */
export type Handshakes = Set<Pick<ByteStream, "close">>;

/** A member with so many of them gets no further connection until some have ended. */
export const HANDSHAKES_MAX = 8;

/**
 * Waits for a handshake. One that is given up is closed when it ends: if it were closed now, its descriptor
 * would stay open, unnoticed, until the member ends the connection.
 *
 * @param conn closed if the handshake fails
 * @throws what the handshake throws; the signal's reason if it aborts first
 */
export async function awaitHandshake(
  conn: Pick<ByteStream, "close">,
  handshake: Promise<unknown>,
  { handshakes, signal }: { readonly handshakes: Handshakes; readonly signal: AbortSignal },
): Promise<void> {
  try {
    await abandonable(handshake, signal);
  } catch (error) {
    if (signal.aborted) void outlive();
    else conn.close();
    throw error;
  }

  async function outlive(): Promise<void> {
    handshakes.add(conn);
    await handshake.catch(() => {});
    if (handshakes.delete(conn)) conn.close();
  }
}
