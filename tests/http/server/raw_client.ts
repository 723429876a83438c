/** A client of one connection, which sends what it is told to, byte for byte. @module */

import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { within } from "../../../src/concurrency/backoff.ts";
import { waitFor } from "../../../tools/wait.ts";

/** For anything that is waited for: above the longest limit that a test waits for. */
const WAIT_MS_MAX = 20_000;
const CRLF = "\r\n";

/** An answer that has come whole. */
export interface Answer {
  readonly status: number;
  /** By names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Without what frames it; a character for each byte. */
  readonly body: string;
}

/** A client of one connection. */
export interface RawClient extends Disposable {
  /** Sends all of it. @throws where the connection was reset */
  send(bytes: string | Uint8Array): Promise<void>;
  /** What comes next, in one piece or not; empty where the server has ended its side. */
  receive(): Promise<string>;
  /**
   * The next answer, and no byte beyond it.
   *
   * @param options.isHead no body follows it
   * @throws where it does not come whole
   */
  answer(options?: { readonly isHead?: boolean }): Promise<Answer>;
  /** All up to the end of the server's side. @throws where the connection was reset */
  rest(): Promise<string>;
  /** Ends its own side. */
  closeWrite(): Promise<void>;
}

/** Connects to a server on this host. @param caCert over TLS, with that authority */
export async function connect(port: number, caCert?: string): Promise<RawClient> {
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port });
  tcp.setNoDelay();
  const connection = caCert === undefined ? tcp : await secure(tcp, caCert);
  const buffer = Buffer.alloc(65_536);
  /** What has come, and nobody has asked for. */
  let there = "";

  async function read(): Promise<string> {
    const reading = connection.read(buffer);
    if (!await within(WAIT_MS_MAX, reading)) throw new Error(`nothing came in ${WAIT_MS_MAX} ms`);
    return buffer.toString("latin1", 0, await reading ?? 0);
  }

  /** Takes up to some text, and that. */
  async function take(end: string): Promise<string> {
    let searched = 0;
    for (;;) {
      const at = there.indexOf(end, searched);
      if (at >= 0) return takeLength(at + end.length);
      searched = Math.max(0, there.length - end.length);
      await more();
    }
  }

  async function takeLength(length: number): Promise<string> {
    while (there.length < length) await more();
    const taken = there.slice(0, length);
    there = there.slice(length);
    return taken;
  }

  async function more(): Promise<void> {
    const part = await read();
    if (part === "") {
      throw new Error(`the server has ended its side after ${JSON.stringify(there)}`);
    }
    there += part;
  }

  async function rest(): Promise<string> {
    const parts = [there];
    there = "";
    for (let part = await read(); part !== ""; part = await read()) parts.push(part);
    return parts.join("");
  }

  async function chunks(): Promise<string> {
    let body = "";
    for (;;) {
      const length = parseInt(await take(CRLF), 16);
      const data = await takeLength(length);
      assert.equal(await takeLength(CRLF.length), CRLF, "the end of a chunk");
      if (length === 0) return body;
      body += data;
    }
  }

  return {
    async send(data) {
      let left = typeof data === "string" ? Buffer.from(data, "latin1") : data;
      while (left.length > 0) left = left.subarray(await connection.write(left));
    },
    async receive() {
      const taken = there || await read();
      there = "";
      return taken;
    },
    async answer({ isHead = false } = {}) {
      const [line, ...fields] = (await take(CRLF + CRLF)).trimEnd().split(CRLF);
      const [, status] = /^HTTP\/1\.1 (\d{3}) [\w ]*$/.exec(line) ?? [];
      assert(status !== undefined, `no status line: ${JSON.stringify(line)}`);
      const headers = new Map(fields.map((field) => {
        const [name, value] = field.split(/: (.*)/s);
        return [name.toLowerCase(), value];
      }));
      assert.equal(headers.size, fields.length, "each header once");
      const length = headers.get("content-length");
      const isBodiless = isHead || status === "204" || status === "304" || status === "100";
      const body = isBodiless
        ? ""
        : headers.get("transfer-encoding") === "chunked"
        ? await chunks()
        : length === undefined
        ? await rest()
        : await takeLength(Number(length));
      return { status: Number(status), headers, body };
    },
    rest,
    closeWrite: () => connection.closeWrite(),
    [Symbol.dispose]: () => connection.close(),
  };
}

async function secure(tcp: Deno.TcpConn, caCert: string): Promise<Deno.TlsConn> {
  const connection = await Deno.startTls(tcp, { hostname: "localhost", caCerts: [caCert] });
  await connection.handshake();
  return connection;
}

/** A request. @param fields further lines of its head */
export function request(
  method: string,
  target: string,
  { version = "1.1", fields = [], body }: {
    readonly version?: string;
    readonly fields?: readonly string[];
    /** Its length is told. */
    readonly body?: string;
  } = {},
): string {
  const length = body === undefined ? [] : [`Content-Length: ${body.length}`];
  const lines = [`${method} ${target} HTTP/${version}`, "Host: here", ...fields, ...length];
  return lines.join(CRLF) + CRLF + CRLF + (body ?? "");
}

/** A request that gets something. */
export const get = (target: string): string => request("GET", target);

/** Some text as chunks of a body. @param chunkLength of each, but for the last */
export function chunked(
  text: string,
  { chunkLength = 10, extension = "", trailers = [] }: {
    readonly chunkLength?: number;
    readonly extension?: string;
    readonly trailers?: readonly string[];
  } = {},
): string {
  let framed = "";
  for (let at = 0; at < text.length; at += chunkLength) {
    const data = text.slice(at, at + chunkLength);
    framed += data.length.toString(16) + extension + CRLF + data + CRLF;
  }
  return framed + ["0" + extension, ...trailers].join(CRLF) + CRLF + CRLF;
}

/** Waits until nobody listens on a port. */
export async function untilFree(port: number): Promise<void> {
  await waitFor(async () => {
    try {
      using _client = await connect(port);
      return false;
    } catch {
      return true;
    }
  }, { what: "the address to be free" });
}
