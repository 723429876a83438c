/**
 * Requests of Node's HTTP client over TLS. They are plain HTTP over connections of `node:tls`, because in
 * Deno 2.7 Node's HTTPS client ignores `servername` and `rejectUnauthorized`.
 *
 * @module
 */

import type { Agent } from "node:http";
import { connect, type ConnectionOptions } from "node:tls";
import { deadline } from "./concurrency/deadline.ts";

const HANDSHAKE_MS_MAX = 1_000;
/** In TLS 1.3 a server refuses a client's certificate after the client's handshake has ended. */
const REFUSAL_MS = 200;

/**
 * Makes an agent use TLS for its connections. The URLs of requests through it have to begin with `http://`.
 *
 * @param optionsOf called for each connection
 */
export function connectByTls(agent: Agent, optionsOf: () => ConnectionOptions): void {
  agent.createConnection = () => connect(optionsOf());
}

/**
 * Tries a handshake, because in Deno 2.7 the error of a request that fails due to TLS says only that its
 * connection was closed.
 *
 * @param signal ends it early, without a result
 * @returns what is wrong; `undefined` if that is not known
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
  socket.resume(); // only a reader gets an error after the handshake
  late.signal.addEventListener("abort", () => resolve(undefined), { once: true });
  try {
    return await promise;
  } finally {
    clearTimeout(refusal);
    socket.destroy();
  }
}
