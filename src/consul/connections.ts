/**
 * Connections to Consul's HTTP API, plain or over TLS.
 *
 * TLS is made here, beneath plain HTTP, and not by Node's HTTPS client: in Deno 2.7, which the released
 * binary is made with, that client ignores `servername` and `rejectUnauthorized`, and gives no reason
 * for a failure.
 *
 * @module
 */

import { Agent } from "node:http";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { deadline } from "../concurrency/deadline.ts";
import type { ConsulConfig } from "../config/consul.ts";
import { readTlsOptions } from "../config/tls_options.ts";

/** The way to one Consul. */
export interface Connections extends Disposable {
  /** For requests to `http://`, whether they go over TLS or not. */
  readonly agent: Agent;
  /**
   * Tries TLS once, because the runtime may only say that the connection of a request was closed.
   *
   * @returns what is wrong; `undefined` if that cannot be found out
   */
  tlsFault(signal: AbortSignal): Promise<string | undefined>;
}

/**
 * Consul takes 200 connections from one address by default (`limits.http_max_conns_per_client`) and
 * resets further ones. Timeouts also run while a request waits for a free connection. Hundreds of pushes
 * may want locks at once, so locks limit themselves to 30 calls and 30 waits. That leaves room for the
 * second client that a reload opens, and for another instance on this host.
 */
const CONNECTIONS_MAX = 100;
const HANDSHAKE_MS_MAX = 1_000;
/** In TLS 1.3 a server refuses the client's certificate when the client is done with the handshake. */
const REFUSAL_MS = 200;

/**
 * Creates connections; none is made yet.
 *
 * @throws where a TLS file cannot be read
 */
export async function openConnections(
  { scheme, hostname, port, tls }: Pick<ConsulConfig, "scheme" | "hostname" | "port" | "tls">,
): Promise<Connections> {
  const limits = { keepAlive: true, maxSockets: CONNECTIONS_MAX };
  const options = scheme === "https" && { host: hostname, port, ...await readTlsOptions(tls) };
  const agent = options ? new TlsAgent(options, limits) : new PlainAgent(limits);
  return {
    agent,
    async tlsFault(signal) {
      return options ? await handshakeFault(options, signal) : undefined;
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}

/** What Node's agents do with each request, also with one that is sent once more. */
interface Adding {
  addRequest(request: { _req?: object | null }, options: unknown): void;
}
const { addRequest } = Agent.prototype as Agent & Adding;

/**
 * Deno 2.7 sends a request again if a kept connection was closed in the meantime, for example by an
 * agent that stops. An abort in that moment reads a property of this `null`, and ends the whole process.
 */
class PlainAgent extends Agent implements Adding {
  addRequest(request: { _req?: object | null }, options: unknown): void {
    if (request._req === null) request._req = undefined;
    addRequest.call(this, request, options);
  }
}

class TlsAgent extends PlainAgent {
  readonly #tls: ConnectionOptions;

  constructor(tls: ConnectionOptions, limits: ConstructorParameters<typeof Agent>[0]) {
    super(limits);
    this.#tls = tls;
  }

  override createConnection(): TLSSocket {
    return connect(this.#tls);
  }
}

async function handshakeFault(
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  using late = deadline(HANDSHAKE_MS_MAX, signal);
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  let refusal: ReturnType<typeof setTimeout> | undefined;
  const socket = connect(options, () => {
    refusal = setTimeout(() => resolve(undefined), REFUSAL_MS);
  });
  socket.on("error", ({ message }) => resolve(message));
  // Without a reader, errors after the handshake are not reported.
  socket.resume();
  late.signal.addEventListener("abort", () => resolve(undefined), { once: true });
  try {
    return await promise;
  } finally {
    clearTimeout(refusal);
    socket.destroy();
  }
}
