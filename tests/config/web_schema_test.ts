/** What a web configuration may say on a Deno before 2.9, which serves TLS and no more. */

import assert from "node:assert/strict";
import { hasCompleteTls } from "../../src/config/tls_runtime.ts";
import { parseWebFile } from "../../src/config/web_schema.ts";

const PAIR = { cert_file: "a", key_file: "b" };
const LACKS = "which needs Deno 2.9: the released binaries and the image have it";

function messagesOf(tls: Readonly<Record<string, string>>, hasCompleteTls: boolean): string[] {
  const { issues } = parseWebFile({ tls_server_config: { ...PAIR, ...tls } }, hasCompleteTls);
  return issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
}

const CHOSEN: readonly [key: string, value: string, message: string][] = [
  ["client_auth_type", "RequestClientCert", `expected NoClientCert, found "RequestClientCert"`],
  ["min_version", "TLS13", `expected TLS12, found "TLS13"`],
  ["max_version", "TLS12", `expected TLS13, found "TLS12"`],
];
for (const [key, value, message] of CHOSEN) {
  Deno.test(`${key}: ${value} is an error where the runtime cannot honour it`, {
    permissions: "none",
  }, () => {
    assert.deepEqual(messagesOf({ [key]: value }, true), []);
    assert.deepEqual(messagesOf({ [key]: value }, false), [
      `tls_server_config.${key}: ${message}, ${LACKS}`,
    ]);
  });
}

Deno.test("what is so anyway is taken everywhere", { permissions: "none" }, () => {
  const anyway = { client_auth_type: "NoClientCert", min_version: "TLS12", max_version: "TLS13" };
  assert.deepEqual(messagesOf(anyway, false), []);
});

Deno.test("with TLS 1.3 alone the suites of TLS 1.2 are without effect, as in Go", {
  permissions: "none",
}, () => {
  const suites = ["TLS_RSA_WITH_AES_128_CBC_SHA"];
  const tls = { ...PAIR, min_version: "TLS13", cipher_suites: suites };
  assert.deepEqual(parseWebFile({ tls_server_config: tls }, true).issues, []);
});

const VERSIONS: readonly [version: string, isComplete: boolean][] = [
  ["2.7.11", false],
  ["2.8.9", false],
  ["2.9.0", true],
  ["2.10.0", true],
  ["3.0.0", true],
];
for (const [version, isComplete] of VERSIONS) {
  Deno.test(`Deno ${version} has ${isComplete ? "all" : "only a part"} of TLS`, {
    permissions: "none",
  }, () => assert.equal(hasCompleteTls(version), isComplete));
}
