/** What to do where a TLS connection is not established, by what the runtime says of it. Pure. @module */

import type { TlsConfig } from "./consul.ts";

/** A server that is connected to. */
export interface TlsPeer {
  /** What it is called, as `Consul`. */
  readonly name: string;
  /** The section that has the keys of a {@linkcode TlsConfig}. */
  readonly section: string;
  /** What to do where its certificate is that of an authority. */
  readonly ownAuthority: string;
  /** A name that its certificate may be for. */
  readonly nameExample: string;
  /** What to do where it does not speak TLS. */
  readonly plain: string;
}

type Remedy = (peer: TlsPeer, tls: Partial<TlsConfig>) => string;

/** By the words of rustls and of Node's TLS: Deno uses both. */
const REMEDIES: readonly (readonly [found: RegExp, remedy: Remedy])[] = [
  [/CaUsedAsEndEntity/, ({ ownAuthority }) => ownAuthority],
  [
    /UnknownIssuer|UNABLE_TO_VERIFY|unable to verify|self.signed/i,
    ({ name, section }, { caFile }) =>
      caFile
        ? `${caFile} is not the CA that has signed ${name}'s certificate`
        : `set ${section}.ca_file to the CA that has signed ${name}'s certificate`,
  ],
  [
    /not valid for name|NotValidForName|altnames/i,
    ({ name, section, nameExample }) =>
      `set ${section}.server_name to a name of ${name}'s certificate, as ${nameExample}`,
  ],
  [
    /expired|not valid yet|NotValidYet/i,
    ({ name }) => `renew ${name}'s certificate, or set the clock`,
  ],
  [
    /alert.*(certificate|unknown.?ca)/i,
    ({ name, section }, { certFile }) =>
      certFile
        ? `${name} does not take the client certificate ${certFile}: its CA has to have signed it`
        : `${name} wants a client certificate: set ${section}.cert_file and key_file`,
  ],
  [/corrupt message|WRONG_VERSION/i, ({ plain }) => plain],
];

/** Returns what to do; `undefined` where it is not known. */
export function tlsRemedy(
  found: string,
  tls: Partial<TlsConfig>,
  peer: TlsPeer,
): string | undefined {
  return REMEDIES.find(([pattern]) => pattern.test(found))?.[1](peer, tls);
}
