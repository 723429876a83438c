/**
 * The capabilities of this runtime as a TLS server. It uses rustls, which supports TLS 1.2 and 1.3 with fixed
 * cipher suites and curves. `docs/security.md` tells operators the same.
 *
 * @module
 */

/** Versions of TLS, with their names in a configuration file and in Node.js. */
export const TLS_VERSIONS = { TLS12: "TLSv1.2", TLS13: "TLSv1.3" } as const;
export type TlsVersion = typeof TLS_VERSIONS[keyof typeof TLS_VERSIONS];

/** The cipher suites of TLS 1.2, with Go's names. None of them can be disabled. */
export const TLS12_SUITES: readonly string[] = [
  "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
];
/** The cipher suites of TLS 1.3, which cannot be chosen in Go either. */
export const TLS13_SUITES: readonly string[] = [
  "TLS_AES_128_GCM_SHA256",
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
];
/** The curves, with Go's names. None of them can be disabled. */
export const CURVES: readonly string[] = ["X25519MLKEM768", "X25519", "CurveP256", "CurveP384"];

/** The first version of Deno whose `node:tls` serves with verified client certificates. */
const COMPLETE_SINCE = [2, 9];
/** The end of messages about settings that need this version. */
export const NEEDS_COMPLETE = "which needs Deno 2.9: the released binaries and the image have it";

/**
 * Whether the runtime can request certificates from clients, and limit the versions of TLS.
 *
 * @param version the version of Deno
 */
export function hasCompleteTls(version: string = Deno.version.deno): boolean {
  const [major, minor] = version.split(".").map(Number);
  const [majorMin, minorMin] = COMPLETE_SINCE;
  return major > majorMin || (major === majorMin && minor >= minorMin);
}
