/** What a web configuration protects, and the next one does not. */

import assert from "node:assert/strict";
import type { WebConfig, WebTls } from "../../src/config/web_config.ts";
import { openingsOf } from "../../src/config/web_protection.ts";
import type { ClientAuth } from "../../src/config/web_schema.ts";

const permissions = "none";
const OPEN: WebConfig = { headers: [], users: new Map(), notices: [] };
const withUsers = (...names: string[]): WebConfig => ({
  ...OPEN,
  users: new Map(names.map((name) => [name, "hash"])),
});
const TLS: WebTls = {
  files: { cert_file: "a.pem", key_file: "a.key" },
  inline: {},
  clientAuth: "NoClientCert",
  minVersion: "TLSv1.2",
  maxVersion: "TLSv1.3",
};
const withTls = (clientAuth: ClientAuth): WebConfig => ({ ...OPEN, tls: { ...TLS, clientAuth } });

const withNames = (...clientNames: string[]): WebConfig => ({
  ...OPEN,
  tls: { ...TLS, clientAuth: "RequireAndVerifyClientCert", clientNames },
});

const LESS: readonly [what: string, before: WebConfig, next: WebConfig, problem: string][] = [
  [
    "without its users",
    withUsers("a", "b"),
    OPEN,
    "basic_auth_users: expected users as in the running configuration, found none",
  ],
  [
    "without TLS",
    withTls("NoClientCert"),
    OPEN,
    "tls_server_config: expected TLS as in the running configuration, found none",
  ],
  [
    "that asks for no client certificate",
    withTls("RequireAndVerifyClientCert"),
    withTls("NoClientCert"),
    "tls_server_config.client_auth_type: expected RequireAndVerifyClientCert as in the running " +
    "configuration, found NoClientCert",
  ],
  [
    "that takes any client certificate",
    withTls("RequireAndVerifyClientCert"),
    withTls("RequireAnyClientCert"),
    "tls_server_config.client_auth_type: expected RequireAndVerifyClientCert as in the running " +
    "configuration, found RequireAnyClientCert",
  ],
  [
    "that lets in every name",
    withNames("a"),
    withTls("RequireAndVerifyClientCert"),
    "tls_server_config.client_allowed_sans: expected names as in the running configuration, " +
    "found none",
  ],
];
for (const [what, before, next, problem] of LESS) {
  Deno.test(`a web configuration ${what} protects less`, { permissions }, () => {
    const told = openingsOf(before, next).map((one) => `${one.path.join(".")}: ${one.problem}`);
    assert.deepEqual(told, [`${problem}; only a reload takes that over`]);
  });
}

const NOT_LESS: readonly [what: string, before: WebConfig, next: WebConfig][] = [
  ["with fewer users", withUsers("a", "b"), withUsers("b")],
  ["with a first user", OPEN, withUsers("a")],
  ["with TLS where there was none", OPEN, withTls("NoClientCert")],
  ["that lets in other names", withNames("a"), withNames("b")],
  ["that asks for more", withTls("RequireAnyClientCert"), withTls("RequireAndVerifyClientCert")],
  [
    "that asks for no certificate where none had to be shown",
    withTls("RequestClientCert"),
    withTls("NoClientCert"),
  ],
];
for (const [what, before, next] of NOT_LESS) {
  Deno.test(`a web configuration ${what} does not protect less`, { permissions }, () => {
    assert.deepEqual(openingsOf(before, next), []);
  });
}
