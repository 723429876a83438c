/** Members that do not answer as they should: what a client has to tell apart. @module */

import { sleep } from "../src/concurrency/backoff.ts";

/** A way to fail. */
export interface Trouble {
  readonly name: string;
  /** Whether the request may have reached the member. */
  readonly mayHaveArrived: boolean;
  /** Opens a member that fails so. */
  open(): Promise<TroubledMember> | TroubledMember;
  /** Whether another request is answered rightly before, over the same connection. */
  readonly kept?: boolean;
  /** Whether the request has a body that no socket takes at once. */
  readonly large?: boolean;
  readonly scheme?: "https";
}

/** Where the member is. */
export interface TroubledMember extends Disposable {
  /** `HOST:PORT`. */
  readonly name: string;
}

/** Longer than any client waits here. */
const SILENT_MS = 3_000;
const DRIP_MS = 100;
const LET_GO_MS = 20;
const BUFFER_BYTES = 65_536;
/** A few bytes: what is left unread makes the kernel reset the connection when it is closed. */
const SOME_BYTES = 5;
const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nOK";
const HALF_HEAD = "HTTP/1.1 200 OK\r\ncont";
const HALF_BODY = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nOK";
const HALF_CHUNK = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nOK";

type Act = (conn: Deno.TcpConn) => Promise<unknown>;

const read: Act = (conn) => conn.read(new Uint8Array(BUFFER_BYTES));
const readSome: Act = (conn) => conn.read(new Uint8Array(SOME_BYTES));
const write = (text: string): Act => (conn) => conn.write(new TextEncoder().encode(text));
const wait = (ms: number): Act => () => sleep(ms);
const drip: Act = async (conn) => {
  for (let ms = 0; ms < SILENT_MS; ms += DRIP_MS) {
    await write("x")(conn);
    await sleep(DRIP_MS);
  }
};

/** All that is tried. */
export const TROUBLES: readonly Trouble[] = [
  { name: "nobody listens", mayHaveArrived: false, open: closedPort },
  { name: "no such host", mayHaveArrived: false, open: () => unlistened("none.invalid:9091") },
  { name: "the host is silent", mayHaveArrived: false, open: fullBacklog },
  {
    name: "TLS: ended amid the handshake",
    mayHaveArrived: false,
    open: member(read),
    scheme: "https",
  },
  {
    name: "TLS: silent amid the handshake",
    mayHaveArrived: false,
    open: member(read, wait(SILENT_MS)),
    scheme: "https",
  },
  { name: "ended without an answer", mayHaveArrived: true, open: member(read) },
  { name: "reset without an answer", mayHaveArrived: true, open: member(readSome) },
  { name: "kept, ended without an answer", mayHaveArrived: true, open: afterOne(read), kept: true },
  {
    name: "reset amid the request's body",
    mayHaveArrived: true,
    open: member(read, wait(LET_GO_MS)),
    large: true,
  },
  {
    name: "ended in the answer's head",
    mayHaveArrived: true,
    open: member(read, write(HALF_HEAD)),
  },
  {
    name: "kept, ended in the answer's head",
    mayHaveArrived: true,
    open: afterOne(read, write(HALF_HEAD)),
    kept: true,
  },
  {
    name: "ended in the answer's body",
    mayHaveArrived: true,
    open: member(read, write(HALF_BODY)),
  },
  { name: "ended in a chunk", mayHaveArrived: true, open: member(read, write(HALF_CHUNK)) },
  {
    name: "no HTTP",
    mayHaveArrived: true,
    open: member(read, write("SSH-2.0-OpenSSH_9.2\r\n"), wait(LET_GO_MS)),
  },
  { name: "no answer in time", mayHaveArrived: true, open: member(read, wait(SILENT_MS)) },
  {
    name: "silent in the answer's body",
    mayHaveArrived: true,
    open: member(read, write(HALF_BODY), wait(SILENT_MS)),
  },
  {
    name: "a byte now and then",
    mayHaveArrived: true,
    open: member(read, write(HALF_BODY), drip),
  },
];

/** A member that does these things on each connection, and closes it. */
function member(...acts: readonly Act[]): () => TroubledMember {
  return () => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    void serve(listener, acts);
    return {
      name: `127.0.0.1:${listener.addr.port}`,
      [Symbol.dispose]: () => listener.close(),
    };
  };
}

/** As `member`, but the first request of each connection is answered. */
function afterOne(...acts: readonly Act[]): () => TroubledMember {
  return member(read, write(OK), ...acts);
}

async function serve(listener: Deno.TcpListener, acts: readonly Act[]): Promise<void> {
  for await (const conn of listener) void play(conn, acts);
}

async function play(conn: Deno.TcpConn, acts: readonly Act[]): Promise<void> {
  try {
    for (const act of acts) await act(conn);
  } catch {
    // the client has gone
  } finally {
    conn.close();
  }
}

function closedPort(): TroubledMember {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  return unlistened(`127.0.0.1:${listener.addr.port}`);
}

function unlistened(name: string): TroubledMember {
  return { name, [Symbol.dispose]: () => {} };
}

/** The kernel drops what would connect to a listener that has as many as it may have waiting. */
async function fullBacklog(): Promise<TroubledMember> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const { port } = listener.addr;
  const given = new AbortController();
  const waiting: Deno.Conn[] = [];
  const connecting = [1, 2, 3].map(async () => {
    try {
      waiting.push(await Deno.connect({ hostname: "127.0.0.1", port, signal: given.signal }));
    } catch {
      // the one that came too late
    }
  });
  await Promise.race([Promise.all(connecting), sleep(LET_GO_MS)]);
  return {
    name: `127.0.0.1:${port}`,
    [Symbol.dispose]() {
      given.abort();
      listener.close();
      for (const conn of waiting) conn.close();
    },
  };
}
