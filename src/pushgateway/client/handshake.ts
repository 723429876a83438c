/** TLS handshakes, and what becomes of those that are given up: not every Deno can break one off. @module */

import { abandonable } from "../../concurrency/abort.ts";

/** What requests and answers go over. A read or a write that is under way when it is closed fails. */
export type ByteStream = Pick<Deno.Conn, "read" | "write" | "close">;

/** Handshakes with one member that were given up, and have not ended. */
export type Handshakes = Set<Pick<ByteStream, "close">>;

/** A member that leaves so many open gets no further connection before it has ended some. */
export const HANDSHAKES_MAX = 8;

/**
 * Waits for a handshake. One that is given up is left to end, and closed then: to close it now would leave
 * its descriptor open until the member ends it, and nobody could tell.
 *
 * @param conn is closed where the handshake fails
 * @throws what the handshake throws; the signal's reason where that aborts before
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
