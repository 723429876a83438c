/** A connection that a client keeps, and over which it sends bytes just when it wants. @module */

import type { Service } from "../integration/service.ts";

/** Disposal closes it. */
export interface KeptConnection extends Disposable {
  send(text: string): Promise<void>;
  /** The status line of the next answer; `closed` where the other side has closed. */
  answer(): Promise<string>;
}

/** Connects to a service. */
export async function keepConnection({ url }: Service): Promise<KeptConnection> {
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const encoder = new TextEncoder();
  return {
    async send(text) {
      const bytes = encoder.encode(text);
      for (let sent = 0; sent < bytes.length;) {
        sent += await connection.write(bytes.subarray(sent));
      }
    },
    async answer() {
      const buffer = new Uint8Array(16_384);
      const length = await connection.read(buffer);
      if (length === null) return "closed";
      return new TextDecoder().decode(buffer.subarray(0, length)).split("\r\n")[0];
    },
    [Symbol.dispose]: () => connection.close(),
  };
}

/** The head of a push, and its body. */
export function pushOf(path: string, body: string): readonly [head: string, body: string] {
  const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`;
  return [head, body];
}
