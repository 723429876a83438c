/**
 * A gate before a Pushgateway: the member is the gate. It can hold back requests, and lead to another
 * process from one moment to the next, as a restart does that is over at once.
 *
 * @module
 */

import { createRequestSplitter, type RequestHead } from "../blackbox/request_splitter.ts";
import type { Pushgateway } from "../../tools/pushgateway.ts";

/** A gate that is open. Disposal closes it and every connection through it. */
export interface Gate extends AsyncDisposable {
  /** `127.0.0.1:PORT`, the name of the member. */
  readonly address: string;
  /** What has passed, in its order. */
  readonly passed: readonly RequestHead[];
  /**
   * Holds back such requests, and what follows them on their connections, until that is disposed of.
   */
  hold(which: (request: RequestHead) => boolean): Disposable;
  /** Leads to this process from now on. Connections end, and with them what is held back. */
  leadTo(pushgateway: Target): void;
}

type Target = Pick<Pushgateway, "hostname" | "port">;

interface Hold {
  readonly which: (request: RequestHead) => boolean;
  readonly released: Promise<void>;
}

const READ_BYTES = 65_536;

/** Opens a gate before a Pushgateway. */
export function openGate(first: Target): Gate {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const passed: RequestHead[] = [];
  const holds = new Set<Hold & { release(): void }>();
  const ends = new Set<() => void>();
  const serving = new Set<Promise<unknown>>();
  let target = first;

  async function serve(client: Deno.TcpConn): Promise<void> {
    let member: Deno.TcpConn;
    try {
      member = await Deno.connect({ hostname: target.hostname, port: target.port });
    } catch {
      return client.close(); // as a host does where nobody listens
    }
    const end = () => {
      if (!ends.delete(end)) return;
      client.close();
      member.close();
    };
    ends.add(end);
    await Promise.allSettled([
      passRequests(client, member).finally(end),
      passBytes(member, client).finally(end),
    ]);
  }

  async function passRequests(client: Deno.TcpConn, member: Deno.TcpConn): Promise<void> {
    const splitter = createRequestSplitter();
    const buffer = new Uint8Array(READ_BYTES);
    for (let length; (length = await client.read(buffer)) !== null;) {
      for (const { bytes, begins } of splitter.take(buffer.subarray(0, length))) {
        if (begins) await isLetThrough(begins);
        await writeAll(member, bytes);
        if (begins) passed.push(begins);
      }
    }
  }

  async function isLetThrough(request: RequestHead): Promise<void> {
    for (;;) {
      const hold = holds.values().find(({ which }) => which(request));
      if (!hold) return;
      await hold.released;
    }
  }

  const accepting = (async () => {
    for await (const client of listener) {
      const served = serve(client).finally(() => serving.delete(served));
      serving.add(served);
    }
  })();

  return {
    address: `127.0.0.1:${listener.addr.port}`,
    passed,
    hold(which) {
      const { promise: released, resolve } = Promise.withResolvers<void>();
      const hold = {
        which,
        released,
        release() {
          holds.delete(hold);
          resolve();
        },
      };
      holds.add(hold);
      return { [Symbol.dispose]: hold.release };
    },
    leadTo(pushgateway) {
      target = pushgateway;
      for (const end of ends) end();
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
      while (serving.size > 0) {
        for (const end of ends) end();
        for (const { release } of holds) release();
        await Promise.race(serving);
      }
    },
  };
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
