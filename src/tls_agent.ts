/**
 * Requests of Node's HTTP client over TLS. They go by plain HTTP over connections of `node:tls`: in Deno
 * 2.7 Node's HTTPS client ignores `servername` and `rejectUnauthorized`.
 *
 * @module
 */

import type { Agent } from "node:http";
import { connect, type ConnectionOptions } from "node:tls";
import { deadline } from "./concurrency/deadline.ts";

const HANDSHAKE_MS_MAX = 1_000;
/** In TLS 1.3 a server refuses a client's certificate after the client's handshake is over. */
const REFUSAL_MS = 200;

/**
 * Has an agent make its connections by TLS. Requests through it are to `http://`.
 *
 * @param optionsOf is asked for each connection
 */
export function connectByTls(agent: Agent, optionsOf: () => ConnectionOptions): void {
  agent.createConnection = () => connect(optionsOf());
}

/**
 * Tries a handshake, for in Deno 2.7 a request that TLS has made fail tells only that its connection was
 * closed.
 *
 * @param signal ends it early, with nothing to tell
 * @returns what is wrong; `undefined` where that cannot be told
 */
export async function handshakeFault(
  options: ConnectionOptions,
  signal?: AbortSignal,
): Promise<string | undefined> {
  using late = deadline(HANDSHAKE_MS_MAX, signal);
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  let refusal: ReturnType<typeof setTimeout> | undefined;
  const socket = connect(options, () => {
    refusal = setTimeout(() => resolve(undefined), REFUSAL_MS);
  });
  socket.on("error", ({ message }) => resolve(message));
  socket.resume(); // an error that comes after the handshake is told to a reader alone
  late.signal.addEventListener("abort", () => resolve(undefined), { once: true });
  try {
    return await promise;
  } finally {
    clearTimeout(refusal);
    socket.destroy();
  }
}
