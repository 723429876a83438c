/** Remedies for TLS connections to Consul that fail, by the error of the runtime. Pure. @module */

import type { TlsConfig } from "../config/consul.ts";

const SECTION = "consul_server.tls_config";
/** By the errors of rustls and of Node's TLS: Deno uses both. */
const REMEDIES: readonly (readonly [found: RegExp, remedy: (tls?: TlsConfig) => string])[] = [
  [
    /CaUsedAsEndEntity/,
    () =>
      "Consul's certificate is that of a CA: use it to sign one for the server " +
      `(consul tls cert create -server), or set ${SECTION}.insecure_skip_verify`,
  ],
  [
    /UnknownIssuer|UNABLE_TO_VERIFY|unable to verify|self.signed/i,
    (tls) =>
      tls?.caFile
        ? `${tls.caFile} is not the CA that has signed Consul's certificate`
        : `set ${SECTION}.ca_file to the CA that has signed Consul's certificate`,
  ],
  [
    /not valid for name|NotValidForName|altnames/i,
    () => `set ${SECTION}.server_name to a name of Consul's certificate, as server.dc1.consul`,
  ],
  [/expired|not valid yet|NotValidYet/i, () => "renew Consul's certificate, or set the clock"],
  [
    /alert.*(certificate|unknown.?ca)/i,
    (tls) =>
      tls?.certFile
        ? `Consul does not take the client certificate ${tls.certFile}: its CA has to have signed it`
        : `Consul wants a client certificate: set ${SECTION}.cert_file and key_file`,
  ],
  [
    /corrupt message|WRONG_VERSION/i,
    () => "set consul_server.scheme: http, or take Consul's HTTPS port",
  ],
];

/** Returns what to do about a connection that could not be established. */
export function tlsRemedy(found: string, tls: TlsConfig | undefined): string {
  const remedy = REMEDIES.find(([pattern]) => pattern.test(found))?.[1];
  return remedy?.(tls) ?? `see ${SECTION}`;
}
