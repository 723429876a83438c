/** What a web configuration says of TLS, with real certificates. */

import assert from "node:assert/strict";
import { loadWebConfig } from "../../src/config/web_config.ts";
import { ConfigError } from "../../src/config/yaml.ts";
import { createAuthority } from "../../tools/certificates.ts";
import { outputOf } from "../../tools/command.ts";
import { ensureComponents } from "../../tools/components.ts";

const ALL = `tls_server_config:
  cert_file: server.pem
  key_file: server.key
  client_auth_type: RequireClientCert
  client_ca_file: ca.pem
  min_version: TLS12
  max_version: TLS13
  cipher_suites:
    - TLS_AES_128_GCM_SHA256
    - TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    - TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
    - TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
    - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
    - TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
    - TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
  curve_preferences: [X25519, X25519MLKEM768, CurveP256, CurveP384]
  prefer_server_cipher_suites: false
http_server_config:
  http2: true
  headers:
    Strict-Transport-Security: max-age=31536000
    X-Content-Type-Options: nosniff
    X-Frame-Options: sameorigin
    X-XSS-Protection:
    Content-Security-Policy: default-src 'self'
basic_auth_users:
  alice: $2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi
  "0123": $2b$04$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi
`;

/** An authority with a server's certificate, and a web configuration beside them. */
async function openFiles() {
  const { openssl } = await ensureComponents(["openssl"]);
  const authority = await createAuthority();
  const { directory } = authority;
  await authority.issue("server");
  const path = `${directory}/web.yml`;
  return {
    ...authority,
    path,
    run: (...args: string[]) =>
      outputOf(openssl.command, args, { cwd: directory, env: openssl.env }),
    write: (text: string) => Deno.writeTextFile(path, text),
    [Symbol.asyncDispose]: () => authority[Symbol.asyncDispose](),
  };
}

const pairOf = (cert: string, key: string) =>
  `tls_server_config:\n  cert_file: ${cert}\n  key_file: ${key}\n`;

Deno.test("every key that can be honoured is, and http2 is said to be without effect", async () => {
  await using files = await openFiles();
  await files.write(ALL);
  const { config, certificates } = await loadWebConfig(files.path, { env: () => undefined });
  const { users, notices, ...rest } = config;
  assert.deepEqual(rest, {
    tls: {
      files: {
        cert_file: `${files.directory}/server.pem`,
        key_file: `${files.directory}/server.key`,
        client_ca_file: files.ca,
      },
      inline: {},
      clientAuth: "RequireAnyClientCert",
      minVersion: "TLSv1.2",
      maxVersion: "TLSv1.3",
    },
    headers: [
      "strict-transport-security",
      "max-age=31536000",
      "x-content-type-options",
      "nosniff",
      "x-frame-options",
      "sameorigin",
      "content-security-policy",
      "default-src 'self'",
    ],
  });
  assert.deepEqual([...users.keys()], ["alice", "0123"]);
  assert.deepEqual(notices, [
    `${files.path}:19:10: http_server_config.http2 has no effect: only HTTP/1.1 is served`,
  ]);
  assert.deepEqual(Object.keys(certificates ?? {}), ["cert", "key", "clientCa"]);
});

Deno.test("certificates and a key may stand in the configuration itself, as files may hold them", async () => {
  await using files = await openFiles();
  const [cert, key, ca] = await Promise.all(
    ["server.pem", "server.key", "ca.pem"].map((name) =>
      Deno.readTextFile(`${files.directory}/${name}`)
    ),
  );
  const inline = (name: string, text: string) =>
    `  ${name}: |\n${text.trimEnd().replace(/^/gm, "    ")}\n`;
  const asks = "  client_auth_type: RequireAndVerifyClientCert\n";
  const all = { cert, key, clientCa: ca };
  const load = async (text: string) => {
    await files.write(`tls_server_config:\n${text}`);
    return (await loadWebConfig(files.path, { env: () => undefined })).certificates;
  };
  const own = inline("cert", cert) + inline("key", key);
  assert.deepEqual(await load(`${own}${asks}${inline("client_ca", ca)}`), all);
  assert.deepEqual(await load(`${inline("cert", cert)}  key_file: server.key\n`), { cert, key });
  await files.issue("other");
  const wrongKey = await Deno.readTextFile(`${files.directory}/other.key`);
  await assert.rejects(
    load(`  cert_file: server.pem\n${inline("key", wrongKey)}`),
    new ConfigError([
      `${files.path}:3:8: tls_server_config.key: expected the key of the certificate, ` +
      "found that of another certificate",
    ]),
  );
  await assert.rejects(
    load(`${own}  cert_file: server.pem\n`),
    /: tls_server_config\.cert_file: expected cert or cert_file, found both/,
  );
});

Deno.test("a configuration of nothing is taken, where it is written so", async () => {
  await using files = await openFiles();
  await files.write("{}\n");
  const { config } = await loadWebConfig(files.path, { env: () => undefined });
  assert.deepEqual(config, { headers: [], users: new Map(), notices: [] });
});

type Files = Awaited<ReturnType<typeof openFiles>>;
const WRONG: readonly [what: string, make: (files: Files) => Promise<string>, problem: string][] = [
  [
    "a key of another certificate",
    async (files) => {
      await files.issue("other");
      return pairOf("server.pem", "other.key");
    },
    "3:13: tls_server_config.key_file: expected the key of the certificate, found that of another certificate, at HERE/other.key",
  ],
  [
    "both in each other's place",
    () => Promise.resolve(pairOf("server.key", "server.pem")),
    "2:14: tls_server_config.cert_file: expected a PEM certificate, found none, at HERE/server.key",
  ],
  [
    "a certificate in the place of its key",
    () => Promise.resolve(pairOf("server.pem", "server.pem")),
    "3:13: tls_server_config.key_file: expected a PEM private key, found none, at HERE/server.pem",
  ],
  [
    "a key that a passphrase locks",
    async (files) => {
      await files.run(
        "pkcs8",
        "-topk8",
        "-in",
        "server.key",
        "-out",
        "locked.key",
        "-passout",
        "pass:a",
      );
      return pairOf("server.pem", "locked.key");
    },
    "3:13: tls_server_config.key_file: expected a private key without a passphrase, found an encrypted one, at HERE/locked.key",
  ],
  [
    "a key that is too short",
    async (files) => {
      const rsa = ["-newkey", "rsa:1024", "-nodes", "-keyout", "short.key", "-out", "short.pem"];
      await files.run("req", "-x509", ...rsa, "-subj", "/CN=localhost");
      return pairOf("short.pem", "short.key");
    },
    "3:13: tls_server_config.key_file: expected RSA of 2048 to 8192 bits, ECDSA over P-256, P-384 or P-521, or Ed25519, found rsa of 1024 bits, at HERE/short.key",
  ],
  [
    "a certificate that is none inside",
    async (files) => {
      const text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
      await Deno.writeTextFile(`${files.directory}/hollow.pem`, text);
      return pairOf("hollow.pem", "server.key");
    },
    "2:14: tls_server_config.cert_file: expected PEM certificates, found one that cannot be read, at HERE/hollow.pem",
  ],
  [
    "an authority that is none inside",
    async (files) => {
      const text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
      await Deno.writeTextFile(`${files.directory}/hollow.pem`, text);
      return pairOf("server.pem", "server.key") +
        "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: hollow.pem\n";
    },
    "5:19: tls_server_config.client_ca_file: expected PEM certificates, found one that cannot be read, at HERE/hollow.pem",
  ],
];
for (const [what, make, problem] of WRONG) {
  Deno.test(`${what} is a problem with its place`, async () => {
    await using files = await openFiles();
    await files.write(await make(files));
    const expected = `${files.path}:${problem.replaceAll("HERE", files.directory)}`;
    await assert.rejects(
      loadWebConfig(files.path, { env: () => undefined }),
      new ConfigError(expected.split("\n")),
    );
  });
}

Deno.test("a key among systemd's credentials is found there by the service alone", async () => {
  await using files = await openFiles();
  await files.write(pairOf("server.pem", "${CREDENTIALS_DIRECTORY}/server.key"));
  const env = (name: string) => name === "CREDENTIALS_DIRECTORY" ? files.directory : undefined;
  const { config } = await loadWebConfig(files.path, { env });
  assert.equal(config.tls?.files.key_file, `${files.directory}/server.key`);
  await assert.rejects(
    loadWebConfig(files.path, { env: () => undefined }),
    /expected CREDENTIALS_DIRECTORY/,
  );
  const notices: string[] = [];
  await loadWebConfig(files.path, { env, onNotice: (notice) => notices.push(notice) });
  assert.deepEqual(notices, [
    `${files.path}:3:13: tls_server_config.key_file cannot be checked here: only the service has ` +
    "${CREDENTIALS_DIRECTORY}/server.key",
  ]);
});
