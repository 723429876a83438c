/** Certificates and keys as openssl makes them: what is said of each, and whether the runtime takes it. @module */

import assert from "node:assert/strict";
import { hostsOfAuthorities, pairProblem } from "../../src/config/certificates.ts";
import { ConfigError, loadConfig } from "../../src/config/load.ts";
import { readTlsFiles } from "../../src/config/named_files.ts";
import { type Certificate, openCertificates } from "../../tools/certificates.ts";
import { outputOf } from "../../tools/command.ts";
import { ensureComponents } from "../../tools/components.ts";
import { temporaryDirectory } from "../../tools/server.ts";

/** Runs in a directory with an authority, `ca.pem`, and `good.pem`, which that has signed. */
async function withFiles(
  use: (files: {
    readonly path: string;
    readonly openssl: (...args: string[]) => Promise<string>;
    readonly good: Certificate;
  }) => Promise<void>,
): Promise<void> {
  const { openssl } = await ensureComponents(["openssl"]);
  const { path, remove } = await temporaryDirectory("certificates");
  try {
    const certificates = await openCertificates(path);
    const good = await certificates.signed("good", await certificates.authority("ca"));
    await use({
      path,
      good,
      openssl: (...args) => outputOf(openssl.command, args, { env: openssl.env, cwd: path }),
    });
  } finally {
    await remove();
  }
}

/** Whether the runtime takes a certificate and its key, without harm to the process where not. */
function isTaken(cert: string, key: string): boolean {
  try {
    Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key }).close();
    return true;
  } catch {
    return false;
  }
}

const ELLIPTIC = ["-newkey", "ec", "-pkeyopt"];
/** Kinds of keys, as openssl is told to make them. */
const KEYS: readonly [kind: string, args: readonly string[], found?: string][] = [
  ["RSA", ["-newkey", "rsa:2048"]],
  ["ECDSA over P-384", [...ELLIPTIC, "ec_paramgen_curve:P-384"]],
  ["ECDSA over P-521", [...ELLIPTIC, "ec_paramgen_curve:P-521"]],
  ["Ed25519", ["-newkey", "ed25519"]],
  ["short RSA", ["-newkey", "rsa:1024"], "rsa of 1024 bits"],
  ["RSA-PSS", ["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"], "rsa-pss of 2048 bits"],
  ["ECDSA over another curve", [...ELLIPTIC, "ec_paramgen_curve:secp256k1"], "ec secp256k1"],
];
for (const [kind, args, found] of KEYS) {
  Deno.test(`a key of ${kind} is ${found ? "refused" : "taken"}, as by the runtime`, () =>
    withFiles(async ({ path, openssl }) => {
      const files = ["-keyout", "a.key", "-out", "a.pem"];
      await openssl("req", "-x509", ...args, "-nodes", "-subj", "/CN=a", ...files);
      const cert = await Deno.readTextFile(`${path}/a.pem`);
      const key = await Deno.readTextFile(`${path}/a.key`);
      const problem = pairProblem(cert, key);
      assert.equal(problem?.message.replace(/.*, found /, ""), found);
      assert.equal(isTaken(cert, key), found === undefined);
    }));
}

/** How the good certificate or its key is changed, by openssl; `in` and `out` are its files. */
const CHANGES: readonly [
  what: string,
  changed: "cert_file" | "key_file",
  args: readonly string[],
  message?: string,
][] = [
  ["a key in openssl's older form", "key_file", ["ec", "-in", "good.key", "-out", "new"]],
  [
    "a key with a passphrase",
    "key_file",
    ["pkey", "-in", "good.key", "-aes256", "-passout", "pass:x", "-out", "new"],
    "expected a private key without a passphrase, found an encrypted one",
  ],
  [
    "another key",
    "key_file",
    ["genpkey", "-algorithm", "ed25519", "-out", "new"],
    "expected the key of the certificate, found that of another certificate",
  ],
  [
    "no key",
    "key_file",
    ["x509", "-in", "good.pem", "-out", "new"],
    "expected a PEM private key, found none",
  ],
  [
    "a certificate without extensions",
    "cert_file",
    [..."x509 -req -in good.csr -CA ca.pem -CAkey ca.key -out new".split(" ")],
    "expected an X.509 certificate of version 3, found version 1, which has no extensions",
  ],
];
for (const [what, changed, args, message] of CHANGES) {
  Deno.test(`${what} is ${message ? "refused at its place, and by the runtime" : "taken"}`, () =>
    withFiles(async ({ path, openssl, good }) => {
      await openssl(...args);
      const names = { cert_file: good.cert, key_file: good.key, [changed]: `${path}/new` };
      const file = `${path}/dynamic-sharding.yml`;
      await Deno.writeTextFile(
        file,
        "pushgateway:\n  servers: ['a:9091']\n  scheme: https\n  tls_config:\n" +
          `    cert_file: ${names.cert_file}\n    key_file: ${names.key_file}\n`,
      );
      const place = `${file}:${changed === "cert_file" ? "5:16" : "6:15"}`;
      const [cert, key] = [
        await Deno.readTextFile(names.cert_file),
        await Deno.readTextFile(names.key_file),
      ];
      assert.equal(isTaken(cert, key), message === undefined);
      const loading = loadConfig(file, () => undefined);
      if (message === undefined) {
        await loading;
        return;
      }
      const problem = `${place}: pushgateway.tls_config.${changed}: ${message}, at ${path}/new`;
      await assert.rejects(loading, new ConfigError([problem]));
    }));
}

Deno.test("of several authorities each has to be one that can be read", () =>
  withFiles(async ({ path, good }) => {
    const bundle = `${path}/bundle.pem`;
    const file = `${path}/dynamic-sharding.yml`;
    const ca = await Deno.readTextFile(`${path}/ca.pem`);
    await Deno.writeTextFile(
      file,
      "pushgateway:\n  servers: ['a:9091']\n  scheme: https\n  tls_config: {ca_file: bundle.pem}\n",
    );
    await Deno.writeTextFile(bundle, `# two\n${ca}\n${await Deno.readTextFile(good.cert)}`);
    await loadConfig(file, () => undefined);
    await Deno.writeTextFile(bundle, ca + ca.replace(/\n(?!-)/, "\nnot base64"));
    await assert.rejects(
      loadConfig(file, () => undefined),
      new ConfigError([
        `${file}:4:25: pushgateway.tls_config.ca_file: expected PEM certificates, ` +
        `found one that cannot be read, at ${bundle}`,
      ]),
    );
  }));

Deno.test("files that are replaced after they were checked are checked once more before their use", () =>
  withFiles(async ({ good, openssl, path }) => {
    await openssl("genpkey", "-algorithm", "ed25519", "-out", "new");
    const tls = { certFile: good.cert, keyFile: `${path}/new` };
    const reading = { section: "pushgateway.tls_config", placeOf: () => "file:1:1" } as const;
    await assert.rejects(readTlsFiles(tls, reading), {
      message: "file:1:1: pushgateway.tls_config.key_file: expected the key of the certificate, " +
        `found that of another certificate, at ${path}/new`,
    });
  }));

Deno.test("check-config says of a server's own certificate as its authority that it is refused", () =>
  withFiles(async ({ path, good }) => {
    const file = `${path}/dynamic-sharding.yml`;
    const noticesWith = async (tls: string) => {
      const notices: string[] = [];
      const yaml = `pushgateway:\n  servers: ['a:9091']\n  scheme: https\n  tls_config: {${tls}}\n`;
      await Deno.writeTextFile(file, yaml);
      await loadConfig(file, () => undefined, (notice) => notices.push(notice));
      return notices;
    };
    const own = `${path}/ca.pem`; // which names hosts, as an authority does not
    assert.deepEqual(await noticesWith(`ca_file: ${own}`), [
      `${file}:4:25: pushgateway.tls_config.ca_file: the certificate for DNS:localhost, ` +
      "IP Address:127.0.0.1, IP Address:127.0.0.2 may sign others (CA:TRUE): a Pushgateway that " +
      "presents it is refused; docs/tls.md has a remedy",
    ]);
    assert.deepEqual(await noticesWith(`ca_file: ${own}, insecure_skip_verify: true`), []);
    assert.deepEqual(hostsOfAuthorities(await Deno.readTextFile(good.cert)), []);
  }));
