/** Our own server, with a handler that answers what it has understood. @module */

import { BodyFailure, type Handler, Reply } from "../../src/http/message.ts";
import { listen } from "../../src/http/server/server.ts";
import { openLog } from "../../src/log.ts";
import { concat } from "../../src/pushgateway/pages/concat.ts";
import { echoReply } from "./echo.ts";

export { DIFFERENCES as EXPECTED } from "./differences.ts";

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

const echo: Handler = async ({ method, target, body }) => {
  const parts: Uint8Array[] = [];
  const part = new Uint8Array(16_384);
  try {
    for (;;) {
      const length = await body.read(part);
      if (length === 0) return echoReply(method, target, concat(parts));
      parts.push(part.slice(0, length));
    }
  } catch (error) {
    if (!(error instanceof BodyFailure)) throw error;
    return new Reply(400, error.message);
  }
};
