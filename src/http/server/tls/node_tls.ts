/**
 * TLS by `node:tls` over connections that are accepted here. So our limits apply, and each connection gets
 * the certificates that are current when it is accepted.
 *
 * @module
 */

import type { Duplex } from "node:stream";
import { createServer, type Server, type TLSSocket } from "node:tls";
import type { Certificates } from "../../../config/web_config.ts";
import { alternativeNames } from "./alt_names.ts";
import { NodeTlsSocket } from "./node_tls_socket.ts";
import { PROTOCOLS, type Tls, type TlsSettings } from "./tls.ts";
import { Transport } from "./transport.ts";

/** The most servers that are kept for later connections. */
const IDLE_MAX = 64;

/** Creates TLS by `node:tls`. */
export function createNodeTls(
  { clientAuth, clientNames, minVersion, maxVersion }: TlsSettings,
  { cert, key, clientCa }: Certificates,
): Tls {
  const options = {
    cert,
    key,
    ca: clientCa,
    minVersion,
    maxVersion,
    requestCert: clientAuth !== "NoClientCert",
    rejectUnauthorized: clientAuth === "RequireAndVerifyClientCert",
    ALPNProtocols: PROTOCOLS,
  };
  /**
   * Servers that do not listen. A server reports the end of a handshake but not which one, so each performs
   * one at a time. Creating a server takes as long as half a handshake.
   */
  const idle: Server[] = [];
  return {
    async secure(conn) {
      const transport = new Transport(conn);
      const server = idle.pop() ?? createServer(options);
      try {
        const socket = await handshake(server, transport.stream);
        const problem = certificateProblem(socket, { clientAuth, clientNames });
        if (problem) throw new Deno.errors.ConnectionAborted(problem);
        if (idle.length < IDLE_MAX) idle.push(server);
        return new NodeTlsSocket(socket, transport, conn);
      } catch (error) {
        transport.abort();
        throw error;
      }
    },
    [Symbol.dispose]() {
      idle.length = 0;
    },
  };
}

function handshake(server: Server, stream: Duplex): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const fail = (cause?: Error) => {
      server.off("secureConnection", succeed);
      reject(new Deno.errors.ConnectionAborted(cause?.message ?? "it was broken off", { cause }));
    };
    const succeed = (socket: TLSSocket) => {
      server.off("tlsClientError", fail);
      stream.off("end", fail);
      stream.off("close", fail);
      resolve(socket);
    };
    server.once("tlsClientError", fail);
    server.once("secureConnection", succeed);
    stream.on("error", () => {}); // its end reports it
    stream.once("end", fail);
    stream.once("close", fail);
    server.emit("connection", stream);
  });
}

/**
 * Checks a client's certificate. The runtime only says whether an authority has signed it.
 *
 * @returns what is wrong with it; `undefined` if it is accepted
 */
function certificateProblem(
  socket: TLSSocket,
  { clientAuth, clientNames }: Pick<TlsSettings, "clientAuth" | "clientNames">,
): string | undefined {
  if (clientAuth === "NoClientCert" || clientAuth === "RequestClientCert") return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (!certificate) {
    return clientAuth === "VerifyClientCertIfGiven"
      ? undefined
      : "expected a client certificate, found none";
  }
  if (clientAuth !== "RequireAnyClientCert" && !socket.authorized) {
    return `expected a client certificate of an authority in client_ca_file, found: ${socket.authorizationError}`;
  }
  const names = clientNames && alternativeNames(certificate.raw);
  return names?.every((name) => !clientNames?.includes(name))
    ? `expected a client certificate for a name in client_allowed_sans, found one for: ${names}`
    : undefined;
}
