/** Our own server, with a handler that answers what it has understood. @module */

import { type Handler, listen } from "../../src/http/server.ts";
import { openLog } from "../../src/log.ts";
import { echoResponse, refusalResponse } from "./echo.ts";

export { DIFFERENCES_OF_DENO as EXPECTED } from "./differences_of_deno.ts";

/** A listening server. */
export interface WireServer extends AsyncDisposable {
  readonly hostname: string;
  readonly port: number;
}

/** Starts ours on a free port. */
export function startOurs(): WireServer {
  const log = openLog({ level: "error", format: "logfmt", write: () => {} });
  const server = listen({ address: { hostname: "127.0.0.1", port: 0 }, log }, echo);
  const stopped = new AbortController();
  const running = server.run(stopped.signal);
  return {
    hostname: "127.0.0.1",
    port: server.address.port,
    async [Symbol.asyncDispose]() {
      stopped.abort();
      await running;
    },
  };
}

const BODILESS = ["GET", "HEAD"];

const echo: Handler = async (request) => {
  if (request.method === "CONNECT") return new Response("a tunnel\n"); // Deno does not say where to
  let body: Uint8Array | undefined;
  try {
    body = await request.bytes();
    if (BODILESS.includes(request.method)) body = undefined; // Deno keeps it to itself
  } catch {
    return refusalResponse("the body is not whole", 400);
  }
  return echoResponse(request.method, targetOf(request.url), body);
};

const encoder = new TextEncoder();

/** Path and query as they came, one character for each byte: Deno keeps them, and adds scheme and host. */
function targetOf(url: string): string {
  const path = /^https?:\/\/[^/?]*(.*)$/s.exec(url)?.[1] ?? url;
  const target = path.replace(/^\/(?=https?:\/\/)/, ""); // of "http:///" Deno makes a path
  return String.fromCharCode(...encoder.encode(target.startsWith("?") ? `/${target}` : target));
}
