/** Connections to Consul's HTTP API, plain or over TLS. @module */

import { Agent } from "node:http";
import type { ConsulConfig } from "../config/consul.ts";
import { readTlsOptions } from "../config/tls_options.ts";
import { connectByTls, handshakeFault } from "../tls_agent.ts";

/** The way to one Consul. */
export interface Connections extends Disposable {
  /** For requests to `http://`, whether they go over TLS or not. */
  readonly agent: Agent;
  /**
   * Tries TLS once: the runtime may tell of a request only that its connection was closed.
   *
   * @returns what is wrong, `undefined` where that cannot be told
   */
  tlsFault(signal: AbortSignal): Promise<string | undefined>;
}

/**
 * Consul takes 200 connections from one address by default (`limits.http_max_conns_per_client`) and
 * resets further ones. Timeouts run while a request waits for one of ours, so locks, which hundreds of
 * pushes may want at once, see to it themselves that none does: 30 calls and 30 waits. That leaves
 * room for the second client that a reload opens, and for another instance on this host.
 */
const CONNECTIONS_MAX = 100;

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
  const agent = new ConsulAgent(limits);
  if (options) connectByTls(agent, () => options);
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
 * Deno 2.7 sends a request once more where the connection that was kept has been closed meanwhile, as by an
 * agent that ends. An abort in that moment reads a property of this `null`, and ends the whole process.
 */
class ConsulAgent extends Agent implements Adding {
  addRequest(request: { _req?: object | null }, options: unknown): void {
    if (request._req === null) request._req = undefined;
    addRequest.call(this, request, options);
  }
}
