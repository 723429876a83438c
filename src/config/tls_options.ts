/** TLS of what is connected to, as `node:https` takes it. @module */

import type { TlsConfig } from "./consul.ts";

/**
 * Reads the files of a configuration.
 *
 * @throws where one cannot be read
 */
export async function readTlsOptions(tls: TlsConfig | undefined) {
  if (!tls) return {};
  const { caFile, certFile, keyFile, serverName } = tls;
  return {
    ...(caFile && { ca: await Deno.readTextFile(caFile) }),
    ...(certFile && { cert: await Deno.readTextFile(certFile) }),
    ...(keyFile && { key: await Deno.readTextFile(keyFile) }),
    ...(serverName && { servername: serverName }),
    rejectUnauthorized: !tls.insecureSkipVerify,
  };
}
