/** What is said of web configurations that are wrong. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { loadWebConfig } from "../../src/config/web_config.ts";
import { ConfigError } from "../../src/config/yaml.ts";
import { READS_YAML } from "./permissions.ts";

const DIRECTORY = fileURLToPath(new URL("../testdata/web-config/", import.meta.url));
const permissions = { ...READS_YAML, read: [DIRECTORY] };

/** Each file, why it is bad, and its problems as they are printed behind the file's name. */
const BAD_FILES: readonly [file: string, why: string, problems: readonly string[]][] = [
  ["client-ca-without-type.yml", "a client_auth_type that there is not", [
    '4:21: tls_server_config.client_auth_type: expected NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven or RequireAndVerifyClientCert, found "Verify"',
  ]],
  ["client-certificates.yml", "certificates that nobody could verify", [
    "4:21: tls_server_config.client_auth_type: expected client_ca_file beside it, found none",
  ]],
  ["client-ca-unused.yml", "authorities of certificates that nobody asks for", [
    "4:19: tls_server_config.client_ca_file: expected a client_auth_type that asks for certificates, found none",
  ]],
  ["client-names.yml", "no name at all, of certificates that need not be shown", [
    "5:24: tls_server_config.client_allowed_sans: expected at least one name, found none",
    '5:24: tls_server_config.client_allowed_sans: expected a client_auth_type that requires a certificate, found "RequestClientCert"',
  ]],
  ["client-names-unasked.yml", "names of certificates that nobody asks for", [
    "4:24: tls_server_config.client_allowed_sans: expected a client_auth_type that requires a certificate, found none",
  ]],
  ["duplicate-users.yml", "one user twice", [
    "3:3: expected YAML, found: Map keys must be unique",
  ]],
  ["empty.yml", "an empty file, as one that is just being written", [
    "1:1: expected a map, found nothing",
  ]],
  ["half-a-pair.yml", "a certificate without its key", [
    "2:14: tls_server_config.cert_file: expected key_file beside cert_file, found none",
  ]],
  ["headers.yml", "headers with values that are not theirs", [
    '2:10: http_server_config.http2: expected true or false, found "maybe"',
    '4:22: http_server_config.headers.X-Frame-Options: expected deny or sameorigin, found "allow"',
    '5:29: http_server_config.headers.X-Content-Type-Options: expected nosniff, found "sniff"',
    "6:32: http_server_config.headers.Strict-Transport-Security: expected printable ASCII in one line, found something else",
  ]],
  ["list.yml", "a list instead of a map", [
    "1:1: expected a map, found a list",
  ]],
  ["no-files.yml", "certificates that are not there", [
    `2:14: tls_server_config.cert_file: expected a file, found none, at ${DIRECTORY}no-such.pem`,
    `3:13: tls_server_config.key_file: expected a file, found none, at ${DIRECTORY}no-such.key`,
    `5:19: tls_server_config.client_ca_file: expected a PEM certificate, found none, at ${DIRECTORY}list.yml`,
  ]],
  ["no-pair.yml", "a version of TLS, and no certificate", [
    "2:3: tls_server_config: expected cert_file and key_file, found neither",
  ]],
  ["old-versions.yml", "versions that the runtime does not speak", [
    '4:16: tls_server_config.min_version: expected TLS12 or TLS13, the versions that the runtime supports, found "TLS10"',
    '5:16: tls_server_config.max_version: expected TLS12 or TLS13, found "SSL30"',
  ]],
  ["some-suites.yml", "fewer suites and curves than the runtime uses", [
    "5:5: tls_server_config.cipher_suites: expected all that the runtime supports, because it cannot disable one; found no TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, no TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, no TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, no TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "8:22: tls_server_config.curve_preferences: expected all that the runtime supports, because it cannot disable one; found no X25519MLKEM768",
  ]],
  ["suites.yml", "suites and curves that the runtime lacks, and an order that it does not keep", [
    '6:7: tls_server_config.cipher_suites[1]: expected one that the runtime supports, found "TLS_RSA_WITH_AES_128_CBC_SHA"; it supports TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
    '7:23: tls_server_config.curve_preferences[0]: expected one that the runtime supports, found "CurveP521"; it supports X25519MLKEM768, X25519, CurveP256, CurveP384',
    '8:32: tls_server_config.prefer_server_cipher_suites: expected false, because the runtime uses the suite that the client prefers, found "true"',
  ]],
  ["syntax.yml", "a hash that YAML reads as an alias", [
    "2:10: expected a value, found an alias (*) of no anchor; quote a text that starts with *",
  ]],
  ["unknown-keys.yml", "misspelt keys, and a header that cannot be set", [
    '1:1: unknown key "tls_server_confg", did you mean "tls_server_config"?',
    '5:5: http_server_config.headers: unknown key "X-Frame-Option", did you mean "X-Frame-Options"?',
    '6:5: http_server_config.headers: unknown key "Server", expected one of Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options, X-XSS-Protection, Content-Security-Policy',
    '7:1: unknown key "basic_auth_user", did you mean "basic_auth_users"?',
  ]],
  ["unsupported.yml", "a key of exporter-toolkit that is not built here", [
    "3:3: rate_limit: this key of exporter-toolkit is not supported",
  ]],
  ["users.yml", "users without a hash that can be compared; no password is shown", [
    "2:10: basic_auth_users.plain: expected a bcrypt hash, as htpasswd -nBC 10 prints it behind the colon, found something else",
    "3:9: basic_auth_users.empty: expected a bcrypt hash, found none",
    "4:9: basic_auth_users.list: expected a bcrypt hash, found none",
    "5:9: basic_auth_users.weak: expected a bcrypt hash of a cost from 4 to 16, found the cost 3",
    "6:9: basic_auth_users.slow: expected a bcrypt hash of a cost from 4 to 16, found the cost 20",
    '7:3: basic_auth_users: expected a user name without a colon, found "a:b"',
  ]],
  ["users-of-text.yml", "a user and a password as text, which is not shown", [
    "1:19: basic_auth_users: expected a map of users, found a text",
  ]],
  ["versions.yml", "no version of TLS at all", [
    '5:16: tls_server_config.max_version: expected at least min_version, TLS13, found "TLS12"',
  ]],
];

for (const [file, why, problems] of BAD_FILES) {
  Deno.test(`loadWebConfig() refuses ${file}: ${why}`, { permissions }, async () => {
    const path = `${DIRECTORY}${file}`;
    await assert.rejects(
      loadWebConfig(path, { env: () => undefined }),
      new ConfigError(problems.map((problem) => `${path}:${problem}`)),
    );
  });
}

Deno.test("every bad web configuration is tested", { permissions }, () => {
  const files = [...Deno.readDirSync(DIRECTORY)].map(({ name }) => name);
  assert.deepEqual(files.sort(), BAD_FILES.map(([file]) => file).sort());
});
