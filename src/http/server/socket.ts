/** A connection as it is served: TCP itself, or secured by TLS. @module */

/** As much of a connection as is used here. */
export type Socket = Pick<
  Deno.TcpConn,
  "read" | "write" | "close" | "closeWrite" | "setNoDelay" | "setKeepAlive" | "remoteAddr"
>;

/** What is done with TCP before the first read: Deno refuses it while one is under way. */
export const ALREADY_SET = { setNoDelay() {}, setKeepAlive() {} };

/** A connection of which some bytes were read already: they come first. */
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
