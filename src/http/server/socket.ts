/** A connection as the server uses it: plain TCP, or secured by TLS. @module */

/** The part of a connection's interface that the server uses. */
export type Socket = Pick<
  Deno.TcpConn,
  "read" | "write" | "close" | "closeWrite" | "setNoDelay" | "setKeepAlive" | "remoteAddr"
>;

/** Settings of TCP that are made before the first read, because Deno refuses them during one. */
export const ALREADY_SET = { setNoDelay() {}, setKeepAlive() {} };

/** Returns a connection that yields some bytes first, which were read already. */
export function withFirst(conn: Socket, first: Uint8Array): Socket {
  let left = first;
  return {
    read(into) {
      if (left.length === 0) return conn.read(into);
      const length = Math.min(left.length, into.length);
      into.set(left.subarray(0, length));
      left = left.subarray(length);
      return Promise.resolve(length);
    },
    write: (bytes) => conn.write(bytes),
    close: () => conn.close(),
    closeWrite: () => conn.closeWrite(),
    ...ALREADY_SET,
    remoteAddr: conn.remoteAddr,
  };
}
