/**
 * What this runtime can do when it serves TLS. Its TLS is rustls, which speaks TLS 1.2 and 1.3 with a
 * fixed set of cipher suites and curves. `docs/security.md` says the same to operators.
 *
 * @module
 */

/** Versions of TLS, as a configuration file names them and as Node.js does. */
export const TLS_VERSIONS = { TLS12: "TLSv1.2", TLS13: "TLSv1.3" } as const;
export type TlsVersion = typeof TLS_VERSIONS[keyof typeof TLS_VERSIONS];

/** The cipher suites of TLS 1.2, as Go names them; none can be left out. */
export const TLS12_SUITES: readonly string[] = [
  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];
/** Those of TLS 1.3, which nobody can choose from in Go either. */
export const TLS13_SUITES: readonly string[] = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
];
/** The curves, as Go names them; none can be left out. */
export const CURVES: readonly string[] = ["X25519MLKEM768", "X25519", "CurveP256", "CurveP384"];

/** The first Deno whose `node:tls` serves with client certificates that it has verified. */
const COMPLETE_SINCE = [2, 9];
/** What is said of a setting that takes it. */
export const NEEDS_COMPLETE = "which needs Deno 2.9: the released binaries and the image have it";

/**
 * Whether the runtime can ask clients for certificates, and be told which versions of TLS to speak.
 *
 * @param version of Deno
 */
export function hasCompleteTls(version: string = Deno.version.deno): boolean {
  const [major, minor] = version.split(".").map(Number);
  const [majorMin, minorMin] = COMPLETE_SINCE;
  return major > majorMin || (major === majorMin && minor >= minorMin);
}
