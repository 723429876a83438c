/** Two HTTP servers: one answers every push with a 307 to the other, and both keep what came. @module */

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A request, as it came. */
export interface Recorded {
  readonly method: string;
  readonly userAgent?: string;
  readonly body: string;
  /** Whether all of the body came that the head had promised. */
  readonly isWhole: boolean;
}

/** What came of one push: at the address that redirects, and at that it redirects to. */
export interface Recording {
  readonly first?: Recorded;
  readonly second?: Recorded;
}

/** The servers. Disposal stops them. */
export interface Recorder extends AsyncDisposable {
  /** Has somebody push to an address, `http://HOST:PORT`, and returns what came. */
  record(push: (origin: string) => Promise<void>): Promise<Recording>;
}

/** Starts the servers, at two addresses of loopback: some clients treat another host in another way. */
export async function startRecorder(): Promise<Recorder> {
  let seen: { first?: Recorded; second?: Recorded } = {};
  // Not Deno.serve, which keeps from its handler what offers an upgrade to HTTP/2.
  const target = createServer(async (request, response) => {
    const its = seen; // of this push, though the next one may have begun when its body ends
    const recorded = await receive(request);
    its.second ??= recorded;
    // As a Pushgateway does.
    answer(response, recorded.method === "PUT" || recorded.method === "POST" ? 200 : 405);
  });
  const to = await listen(target, "127.0.0.2");
  const redirecting = createServer(async (request, response) => {
    const its = seen;
    const recorded = await receive(request);
    its.first ??= recorded;
    answer(response, 307, { location: `${to}${request.url}` });
  });
  const origin = await listen(redirecting, "127.0.0.1");
  return {
    async record(push) {
      seen = {};
      await push(origin);
      return seen;
    },
    async [Symbol.asyncDispose]() {
      for (const server of [target, redirecting]) {
        server.closeAllConnections();
        server.close();
        await once(server, "close");
      }
    },
  };
}

async function listen(server: Server, host: string): Promise<string> {
  server.listen(0, host);
  await once(server, "listening");
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}

/** Reads a request to its end, or until its client goes. */
async function receive(request: IncomingMessage): Promise<Recorded> {
  let body = "";
  let isWhole = true;
  try {
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
  } catch {
    isWhole = false;
  }
  const { method = "", headers } = request;
  return { method, userAgent: headers["user-agent"], body, isWhole };
}

function answer(response: ServerResponse, status: number, headers = {}): void {
  response.writeHead(status, { ...headers, connection: "close" }).end();
}
