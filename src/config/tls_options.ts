/** TLS of outgoing connections, as options of `node:tls`. @module */

import type { TlsConfig } from "./consul.ts";
import type { TlsFiles } from "./named_files.ts";

/** Returns the options of a configuration, given the contents of its files. */
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
 * @throws if one cannot be read
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
