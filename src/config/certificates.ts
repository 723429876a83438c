/** Checks whether the runtime can use certificates and their keys. Pure. @module */

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";

/** What is wrong with a certificate or its key. */
export interface PairProblem {
  /** The one that is wrong. */
  readonly of: "cert" | "key";
  readonly message: string;
}

const PRIVATE_KEY = /-----BEGIN ([A-Z ]*)PRIVATE KEY-----[^-]*-----END \1PRIVATE KEY-----/;
const CERTIFICATES = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
const CURVES = new Set(["prime256v1", "secp384r1", "secp521r1"]);
const RSA_BITS = { min: 2_048, max: 8_192 };
const USABLE_KEYS =
  `RSA of ${RSA_BITS.min} to ${RSA_BITS.max} bits, ECDSA over P-256, P-384 or P-521, or Ed25519`;
/** The tag of the version in the encoding of a certificate. */
const VERSION_TAG = 0xa0;

/**
 * Checks whether a certificate and its private key can be used together. Some versions of Deno end the whole
 * process if a connection is given an unusable pair.
 *
 * @param cert PEM, of which the first certificate counts
 * @param key PEM
 * @returns what is wrong; `undefined` if both can be used
 */
export function pairProblem(cert: string, key: string): PairProblem | undefined {
  const certificate = parsed(() => new X509Certificate(cert));
  if (!certificate) return wrongCert("a PEM certificate", "none that can be read");
  if (isVersion1(certificate.raw)) {
    return wrongCert("an X.509 certificate of version 3", "version 1, which has no extensions");
  }
  const [block, label] = PRIVATE_KEY.exec(key) ?? [];
  if (block === undefined) return wrongKey("a PEM private key", "none");
  if (label === "ENCRYPTED " || block.includes("ENCRYPTED")) {
    return wrongKey("a private key without a passphrase", "an encrypted one");
  }
  const privateKey = parsed(() => createPrivateKey(block));
  if (!privateKey) return wrongKey("a PEM private key", "one that cannot be read");
  if (!isUsable(privateKey)) return wrongKey(USABLE_KEYS, kindOf(privateKey));
  if (certificate.checkPrivateKey(privateKey)) return undefined;
  return wrongKey("the key of the certificate", "that of another certificate");
}

/** Returns what is wrong with PEM certificates; `undefined` if all can be read. */
export function certificatesProblem(pem: string): string | undefined {
  const blocks = pem.match(CERTIFICATES) ?? [];
  if (blocks.length === 0) return "expected a PEM certificate, found none";
  const isRead = blocks.every((block) => parsed(() => new X509Certificate(block)));
  return isRead ? undefined : "expected PEM certificates, found one that cannot be read";
}

/**
 * Returns the hosts' names in certificates that may sign others. The certificate of an authority usually has
 * none. A server's own certificate has them, but if it may sign others, it is refused when a server presents
 * it.
 *
 * @param pem one certificate or several
 */
export function hostsOfAuthorities(pem: string): string[] {
  return (pem.match(CERTIFICATES) ?? []).flatMap((block) => {
    const certificate = parsed(() => new X509Certificate(block));
    return certificate?.ca && certificate.subjectAltName ? [certificate.subjectAltName] : [];
  });
}

function wrongCert(expected: string, found: string): PairProblem {
  return { of: "cert", message: `expected ${expected}, found ${found}` };
}

function wrongKey(expected: string, found: string): PairProblem {
  return { of: "key", message: `expected ${expected}, found ${found}` };
}

/** Returns `undefined` if it cannot be read. The reader's message does not help operators. */
function parsed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function isUsable({ asymmetricKeyType: type, asymmetricKeyDetails: details = {} }: KeyObject) {
  const { modulusLength: bits = 0, namedCurve = "" } = details;
  if (type === "rsa") return bits >= RSA_BITS.min && bits <= RSA_BITS.max;
  return type === "ed25519" || (type === "ec" && CURVES.has(namedCurve));
}

function kindOf({ asymmetricKeyType: type, asymmetricKeyDetails: details = {} }: KeyObject) {
  const { modulusLength: bits, namedCurve } = details;
  const which = namedCurve ?? (bits && `of ${bits} bits`);
  return [type ?? "another kind", which].filter((word) => word !== undefined).join(" ");
}

/** A certificate of version 1 does not contain its version: its first part is the serial number. */
function isVersion1(der: Uint8Array): boolean {
  const contents = (at: number) => at + 2 + (der[at + 1] & 0x80 ? der[at + 1] & 0x7f : 0);
  return der[contents(contents(0))] !== VERSION_TAG;
}
