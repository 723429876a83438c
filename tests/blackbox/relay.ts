/**
 * A TCP relay before a Pushgateway that can make it slow in its pages: while it is, a GET of
 * `/metrics` or `/api/…` goes on only when the slowness has ended, and what follows it on that
 * connection waits behind it. It can make it slow in all pushes, too. Everything else passes as ever.
 *
 * @module
 */

import { sleep } from "../../src/concurrency/backoff.ts";
import { createRequestSplitter, type RequestHead } from "./request_splitter.ts";

/** A relay that runs. Disposal closes it and every connection through it. */
export interface Relay extends AsyncDisposable {
  /** `127.0.0.1:PORT`, where it listens: the name of the member. */
  readonly address: string;
  /** Holds the pages until the hold is disposed of; of several the last one decides. */
  holdPages(): Disposable;
}

/** Where it leads, and who is told. */
export interface RelayOptions {
  readonly to: { readonly hostname: string; readonly port: number };
  /** Each push goes on so much later; at once by default. */
  readonly pushesTakeMs?: number;
  /** Told each request as it goes on to the Pushgateway. */
  readonly onRequest?: (request: RequestHead) => void;
}

const READ_BYTES = 65_536;

/** Starts a relay before a Pushgateway. */
export function startRelay(
  { to, pushesTakeMs = 0, onRequest = () => {} }: RelayOptions,
): Relay {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<() => void>();
  const serving = new Set<Promise<void>>();
  let listening = true;
  let holds = 0;
  let released = Promise.withResolvers<void>();

  async function serve(client: Deno.TcpConn): Promise<void> {
    let member: Deno.TcpConn;
    try {
      member = await Deno.connect(to);
    } catch {
      client.close(); // as a Pushgateway's own host does where nobody listens
      return;
    }
    let open = true;
    const close = () => {
      if (!open) return;
      open = false;
      client.close();
      member.close();
    };
    connections.add(close);
    if (!listening) return close();
    client.setNoDelay();
    member.setNoDelay();
    // Either side ends both: what is under way over it is lost, as with any broken connection.
    await Promise.allSettled([
      passRequests(client, member).finally(close),
      passBytes(member, client).finally(close),
    ]);
    connections.delete(close);
  }

  async function passRequests(client: Deno.TcpConn, member: Deno.TcpConn): Promise<void> {
    const splitter = createRequestSplitter();
    const buffer = new Uint8Array(READ_BYTES);
    for (let length; (length = await client.read(buffer)) !== null;) {
      for (const { bytes, begins } of splitter.take(buffer.subarray(0, length))) {
        while (begins && isPage(begins) && holds > 0) await released.promise;
        if (begins && isPush(begins) && pushesTakeMs > 0) await sleep(pushesTakeMs);
        if (begins) onRequest(begins);
        await writeAll(member, bytes);
      }
    }
  }

  async function accept(): Promise<void> {
    for await (const client of listener) {
      const served = serve(client).finally(() => serving.delete(served));
      serving.add(served);
    }
  }

  function release(): void {
    released.resolve();
    released = Promise.withResolvers();
  }

  const accepting = accept();
  return {
    address: `127.0.0.1:${listener.addr.port}`,
    holdPages() {
      let held = true;
      holds++;
      return {
        [Symbol.dispose]() {
          if (!held) return;
          held = false;
          if (--holds === 0) release();
        },
      };
    },
    async [Symbol.asyncDispose]() {
      if (!listening) return;
      listening = false;
      listener.close();
      await accepting;
      for (const close of connections) close();
      holds = 0;
      release();
      await Promise.all(serving);
    },
  };
}

/** Whether a request reads what the Pushgateway holds. */
function isPage({ method, target }: RequestHead): boolean {
  return method === "GET" && (/^\/metrics(\?|$)/.test(target) || target.startsWith("/api/"));
}

function isPush({ method }: RequestHead): boolean {
  return method === "PUT" || method === "POST";
}

async function passBytes(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(READ_BYTES);
  for (let length; (length = await from.read(buffer)) !== null;) {
    await writeAll(to, buffer.subarray(0, length));
  }
}

async function writeAll(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < bytes.length;) sent += await to.write(bytes.subarray(sent));
}
