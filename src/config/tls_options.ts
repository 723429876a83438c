/** TLS of what is connected to, as `node:tls` takes it. @module */

import type { TlsConfig } from "./consul.ts";
import type { TlsFiles } from "./named_files.ts";

/** Returns the options of a configuration whose files hold this. */
export function tlsOptionsOf(tls: Partial<TlsConfig>, { ca, cert, key }: TlsFiles) {
  return {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(tls.serverName && { servername: tls.serverName }),
    rejectUnauthorized: !tls.insecureSkipVerify,
  };
}

/**
 * Reads the files of a configuration.
 *
 * @throws where one cannot be read
 */
export async function readTlsOptions(tls: TlsConfig) {
  const { caFile, certFile, keyFile } = tls;
  const read = async (file: string | undefined) => file ? await Deno.readTextFile(file) : undefined;
  return tlsOptionsOf(tls, {
    ca: await read(caFile),
    cert: await read(certFile),
    key: await read(keyFile),
  });
}
