/**
 * Checks the files that a configuration names. A file that cannot be read, or has the wrong content, is
 * reported now and not at its first use.
 *
 * @module
 */

import { hostsOfAuthorities } from "./certificates.ts";
import type { Config } from "./config.ts";
import type { TlsConfig } from "./consul.ts";
import { isCredential } from "./files.ts";
import { type ByKey, byKey, readSectionFiles } from "./section_files.ts";
import { ConfigError } from "./yaml.ts";

/** `file:line:column` of a key of the configuration. */
type PlaceOf = (keys: readonly string[]) => string;

/** What checking needs. */
export interface FileChecks {
  readonly placeOf: PlaceOf;
  /** Called with what is valid but noteworthy. Absent: a file that only the service can find is a problem. */
  readonly onNotice?: (notice: string) => void;
}

const PUSHGATEWAY_TLS = "pushgateway.tls_config";

/** @returns each problem as `file:line:column: what`, without secrets */
export async function fileProblems(
  config: Pick<Config, "consul" | "upstream">,
  { placeOf, onNotice }: FileChecks,
): Promise<string[]> {
  const all: string[] = [];
  for (const [section, named] of Object.entries(namedFiles(config))) {
    const place = placesOf(section, placeOf);
    const files: Record<string, string> = {};
    for (const [key, file] of Object.entries(named)) {
      if (!onNotice || !isCredential(file)) files[key] = file;
      else onNotice(`${place(key)} cannot be checked here: only the service has ${file}`);
    }
    const { texts, problems } = await readSectionFiles(files);
    all.push(...problems.map(({ key, problem }) => `${place(key)}: ${problem}`));
    const isTrusted = section === PUSHGATEWAY_TLS && !config.upstream.tls.insecureSkipVerify;
    if (!onNotice || !isTrusted) continue;
    for (const hosts of hostsOfAuthorities(texts.ca_file ?? "")) {
      const what = `the certificate for ${hosts} may sign others (CA:TRUE)`;
      const remedy = "a Pushgateway that presents it is refused; docs/tls.md has a remedy";
      onNotice(`${place("ca_file")}: ${what}: ${remedy}`);
    }
  }
  return all;
}

/** The contents of the files of a `tls_config`, as PEM. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  /** The private key of `cert`. */
  readonly key?: string;
}

/** How the files of a `tls_config` are read. */
export interface TlsReading {
  /** The section that names them. */
  readonly section: "pushgateway.tls_config" | "consul_server.tls_config";
  readonly placeOf: PlaceOf;
  /** The result of the last reading. Contents that have not changed are not checked again. */
  readonly before?: TlsFiles;
}

/**
 * Reads the files of a `tls_config`, and checks their contents.
 *
 * @throws {ConfigError} with every problem found, without secrets
 */
export async function readTlsFiles(
  tls: Partial<TlsConfig>,
  { section, placeOf, before = {} }: TlsReading,
): Promise<TlsFiles> {
  const checked = byKey({ ca_file: before.ca, cert_file: before.cert, key_file: before.key });
  const { texts, problems } = await readSectionFiles(tlsFiles(tls), { checked });
  if (problems.length > 0) {
    const place = placesOf(section, placeOf);
    throw new ConfigError(problems.map(({ key, problem }) => `${place(key)}: ${problem}`));
  }
  const { ca_file: ca, cert_file: cert, key_file: key } = texts;
  return { ca, cert, key };
}

function placesOf(section: string, placeOf: PlaceOf): (key: string) => string {
  return (key) => `${placeOf([...section.split("."), key])}: ${section}.${key}`;
}

function namedFiles(
  { consul, upstream }: Pick<Config, "consul" | "upstream">,
): Readonly<Record<string, ByKey>> {
  return {
    "consul_server": byKey({ token_file: consul?.tokenFile }),
    "consul_server.tls_config": tlsFiles(consul?.tls),
    "pushgateway.basic_auth": byKey({ password_file: upstream.basicAuth?.passwordFile }),
    [PUSHGATEWAY_TLS]: tlsFiles(upstream.tls),
  };
}

function tlsFiles({ caFile, certFile, keyFile }: Partial<TlsConfig> = {}): ByKey {
  return byKey({ ca_file: caFile, cert_file: certFile, key_file: keyFile });
}
