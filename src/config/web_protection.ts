/** Checks whether a web configuration protects less than another one. Pure. @module */

import type { WebConfig } from "./web_config.ts";
import type { ClientAuth } from "./web_schema.ts";

/** Something that is no longer protected. */
export interface Opening {
  /** The place in the configuration that would protect it. */
  readonly path: readonly string[];
  readonly problem: string;
}

/** How strict each type is about clients' certificates. */
const DEMANDS: Readonly<Record<ClientAuth, number>> = {
  NoClientCert: 0,
  RequestClientCert: 0,
  VerifyClientCertIfGiven: 0,
  RequireAnyClientCert: 1,
  RequireAndVerifyClientCert: 2,
};

/** Returns what one configuration protects and the next one does not. */
export function openingsOf(before: WebConfig, next: WebConfig): readonly Opening[] {
  const openings: Opening[] = [];
  const expected = (what: string, path: readonly string[], found: string) =>
    void openings.push({
      path,
      problem: `expected ${what} as in the running configuration, found ${found}; ` +
        "only a reload takes that over",
    });
  if (before.users.size > 0 && next.users.size === 0) {
    expected("users", ["basic_auth_users"], "none");
  }
  if (before.tls && !next.tls) expected("TLS", ["tls_server_config"], "none");
  const [demanded, demands] = [demandOf(before), demandOf(next)];
  if (next.tls && DEMANDS[demands] < DEMANDS[demanded]) {
    expected(demanded, ["tls_server_config", "client_auth_type"], demands);
  }
  if (next.tls && before.tls?.clientNames && !next.tls.clientNames) {
    expected("names", ["tls_server_config", "client_allowed_sans"], "none");
  }
  return openings;
}

function demandOf({ tls }: WebConfig): ClientAuth {
  return tls?.clientAuth ?? "NoClientCert";
}
