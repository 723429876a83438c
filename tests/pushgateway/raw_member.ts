/** A member that answers just as a test wants, byte by byte, over real connections. @module */

import { type Member, parseMember } from "../../src/member.ts";

/** One connection, as the member sees it. */
export interface RawConnection {
  /** Reads until the head of a request, or its whole known body, has come; empty at the end. */
  request(): Promise<string>;
  write(text: string): Promise<void>;
  close(): void;
}

/** A listening member. Disposal closes it and all of its connections. */
export interface RawMember extends AsyncDisposable {
  readonly member: Member;
  /** Connections accepted so far. */
  readonly accepted: number;
  /** Takes no more connections. */
  refuse(): void;
}

/**
 * Listens, and handles each connection.
 *
 * @param handle is given the connection and how many there were before it
 * @param tls its certificate and key, as PEM; absent: it speaks no TLS
 */
export function rawMember(
  handle: (connection: RawConnection, index: number) => Promise<void>,
  tls?: Deno.TlsCertifiedKeyPem,
): RawMember {
  const address = { hostname: "127.0.0.1", port: 0 };
  const listener = tls ? Deno.listenTls({ ...address, ...tls }) : Deno.listen(address);
  const connections = new Set<Deno.Conn>();
  const handling: Promise<void>[] = [];
  let accepted = 0;
  const accepting = (async () => {
    for await (const conn of listener) {
      connections.add(conn);
      handling.push(handle(rawConnection(conn), accepted++).catch(() => {}));
    }
  })();
  let listening = true;
  const refuse = () => {
    if (listening) listener.close();
    listening = false;
  };
  return {
    member: parseMember(`127.0.0.1:${(listener.addr as Deno.NetAddr).port}`),
    get accepted() {
      return accepted;
    },
    refuse,
    async [Symbol.asyncDispose]() {
      refuse();
      for (const conn of connections) closed(conn);
      await accepting;
      await Promise.all(handling);
    },
  };
}

function rawConnection(conn: Deno.Conn): RawConnection {
  const buffer = new Uint8Array(65_536);
  let text = "";
  return {
    async request() {
      for (;;) {
        const head = text.indexOf("\r\n\r\n") + 4;
        const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
        if (head > 3 && text.length >= head + length) {
          const found = text.slice(0, head + length);
          text = text.slice(head + length);
          return found;
        }
        const count = await conn.read(buffer);
        if (count === null) return "";
        text += String.fromCharCode(...buffer.subarray(0, count));
      }
    },
    async write(text) {
      const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
      for (let sent = 0; sent < bytes.length;) sent += await conn.write(bytes.subarray(sent));
    },
    close: () => closed(conn),
  };
}

function closed(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error; // closed already
  }
}

/** The bytes of an answer: one character for each. */
export function answerOf(body: string, { status = 200, headers = "" } = {}): string {
  return `HTTP/1.1 ${status} X\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;
}

/** A member that answers each path the same way at all times, and hangs up where it knows none. */
export function memberWith(answers: Readonly<Record<string, string>>): RawMember {
  return rawMember(async (connection) => {
    for (;;) {
      const [, path] = (await connection.request()).split(" ");
      const answer = path === undefined ? undefined : answers[path];
      if (answer === undefined) return connection.close();
      await connection.write(answer);
    }
  });
}
