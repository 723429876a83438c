/** A server of the kind that is under test, on a port of its own. @module */

import { listen } from "../../../src/http/server/server.ts";
import {
  BodyFailure,
  type Handler,
  type IncomingBody,
  type IncomingRequest,
  Reply,
} from "../../../src/http/message.ts";
import type { Tls } from "../../../src/http/server/tls/tls.ts";
import { openLog } from "../../../src/log.ts";
import type { Refusal } from "../../../src/wire/request_head.ts";

/** A server that listens. */
export interface TestServer extends AsyncDisposable {
  readonly port: number;
  /** Of its log. */
  readonly lines: readonly string[];
  /** What it was told of what was no request. */
  readonly refusals: readonly Refusal["refused"][];
  /** Lets go of the address, and is done when all connections are. */
  stop(): Promise<void>;
}

/**
 * Starts a server.
 *
 * @param options.reusePort others may listen on the address, too
 * @param options.tls what the next connection is secured with
 */
export function startServer(
  handler: Handler,
  { reusePort = false, tls }: {
    readonly reusePort?: boolean;
    readonly tls?: () => Tls | undefined;
  } = {},
): TestServer {
  const lines: string[] = [];
  const refusals: Refusal["refused"][] = [];
  const log = openLog({ level: "debug", format: "logfmt", write: (line) => lines.push(line) });
  const address = { hostname: "127.0.0.1", port: 0 };
  const onRefused = ({ refused }: Refusal) => refusals.push(refused);
  const server = listen({ address, reusePort, onRefused, tls, log }, handler);
  const stopped = new AbortController();
  const running = server.run(stopped.signal);
  const stop = () => {
    stopped.abort();
    return running;
  };
  return { port: server.address.port, lines, refusals, stop, [Symbol.asyncDispose]: stop };
}

/** Reads a whole body, by so many bytes at once. */
export async function readText(body: IncomingBody, partBytes = 1_000): Promise<string> {
  const part = new Uint8Array(partBytes);
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const length = await body.read(part);
    if (length === 0) return text;
    text += decoder.decode(part.subarray(0, length), { stream: true });
  }
}

/** Answers with what was asked: the method, the target, and the body. 400 for a body that breaks off. */
export async function echo({ method, target, body }: IncomingRequest): Promise<Reply> {
  try {
    return new Reply(200, `${method} ${target} ${await readText(body)}`);
  } catch (error) {
    if (!(error instanceof BodyFailure)) throw error;
    return new Reply(400, error.message);
  }
}

/** Answers with what was asked, and leaves the body to the server. */
export function ignoreBody({ method, target }: IncomingRequest): Reply {
  return new Reply(200, `${method} ${target}`);
}
