/** The names of certificates that openssl has made. */

import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { alternativeNames } from "../../src/http/server/tls/alt_names.ts";
import { createAuthority } from "../../tools/certificates.ts";

async function derOf(hosts: string): Promise<Uint8Array> {
  await using authority = await createAuthority();
  const { cert } = await authority.issue("client", { hosts });
  return new X509Certificate(await Deno.readTextFile(cert)).raw;
}

const NAMES: readonly [hosts: string, names: readonly string[]][] = [
  ["DNS:a.example,DNS:b.example", ["a.example", "b.example"]],
  ["IP:10.0.0.1,IP:2001:0db8:0:0:0:0:0:1,IP:::1", ["10.0.0.1", "2001:db8::1", "::1"]],
  ["email:a@b.example,URI:spiffe://x/y", ["a@b.example", "spiffe://x/y"]],
  ["RID:1.2.3.4,DNS:a.example", ["a.example"]],
  // A section of openssl's own, for a URI that looks like a URI and a name.
  ["@names\n[names]\nURI.1=http://x/, DNS:a.example", ["http://x/, DNS:a.example"]],
  // Its length takes more than one byte.
  [`DNS:${"a".repeat(200)}.example`, [`${"a".repeat(200)}.example`]],
];
for (const [hosts, names] of NAMES) {
  Deno.test(`the names of ${JSON.stringify(hosts.slice(0, 50))} are read`, async () => {
    assert.deepEqual(alternativeNames(await derOf(hosts)), names);
  });
}

Deno.test("a part of a certificate is no certificate", async () => {
  const der = await derOf("DNS:a.example");
  for (let length = 1; length < der.length; length++) {
    assert.throws(() => alternativeNames(der.subarray(0, length)), RangeError);
  }
});
