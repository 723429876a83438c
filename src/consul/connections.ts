/** Connections to Consul's HTTP API, plain or over TLS. @module */

import { Agent } from "node:http";
import type { ConsulConfig } from "../config/consul.ts";
import type { TlsFiles } from "../config/named_files.ts";
import { tlsOptionsOf } from "../config/tls_options.ts";
import { connectByTls, handshakeFault } from "../tls_agent.ts";

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

/**
 * Creates connections; none is made yet.
 *
 * @param certificates what the files of `tls` hold; each connection is made with those of its time
 */
export function openConnections(
  { scheme, hostname, port, tls }: Pick<ConsulConfig, "scheme" | "hostname" | "port" | "tls">,
  certificates: () => TlsFiles,
): Connections {
  const agent = new ConsulAgent({ keepAlive: true, maxSockets: CONNECTIONS_MAX });
  const options = () => ({ host: hostname, port, ...tlsOptionsOf(tls ?? {}, certificates()) });
  const isSecure = scheme === "https";
  if (isSecure) connectByTls(agent, options);
  return {
    agent,
    async tlsFault(signal) {
      return isSecure ? await handshakeFault(options(), signal) : undefined;
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
class ConsulAgent extends Agent implements Adding {
  addRequest(request: { _req?: object | null }, options: unknown): void {
    if (request._req === null) request._req = undefined;
    addRequest.call(this, request, options);
  }
}
