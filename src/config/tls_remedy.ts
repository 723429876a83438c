/** Suggests what to do if a TLS connection fails, by the error of the runtime. Pure. @module */

import type { TlsConfig } from "./consul.ts";

/** The server of an outgoing connection. */
export interface TlsPeer {
  /** Its name in messages, for example `Consul`. */
  readonly name: string;
  /** The section that has the keys of a {@linkcode TlsConfig}. */
  readonly section: string;
  /** What to do if its certificate is one of an authority. */
  readonly ownAuthority: string;
  /** An example of a name in its certificate. */
  readonly nameExample: string;
  /** What to do if it does not use TLS. */
  readonly plain: string;
}

type Remedy = (peer: TlsPeer, tls: Partial<TlsConfig>) => string;

/** By the messages of rustls and of Node's TLS, because Deno uses both. */
const REMEDIES: readonly (readonly [found: RegExp, remedy: Remedy])[] = [
  [/CaUsedAsEndEntity/, ({ ownAuthority }) => ownAuthority],
  [
    /UnknownIssuer|BadSignature|UNABLE_TO_VERIFY|unable to verify|self.signed/i,
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

/** Returns what to do; `undefined` if that is not known. */
export function tlsRemedy(
  found: string,
  tls: Partial<TlsConfig>,
  peer: TlsPeer,
): string | undefined {
  return REMEDIES.find(([pattern]) => pattern.test(found))?.[1](peer, tls);
}
