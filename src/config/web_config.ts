/**
 * The web configuration: TLS, passwords and headers of our own port. Reads the file of
 * `--web.config.file`, and the certificates that it names.
 *
 * @module
 */

import { certificatesProblem, pairProblem } from "./certificates.ts";
import {
  type Environment,
  isCredential,
  locator,
  readNamed,
  readText,
  withoutCredentials,
} from "./files.ts";
import { hasCompleteTls, TLS_VERSIONS, type TlsVersion } from "./tls_runtime.ts";
import { type ClientAuth, parseWebFile, type WebFile } from "./web_schema.ts";
import { ConfigError, readYaml, type YamlText } from "./yaml.ts";

/** The web configuration, checked. */
export interface WebConfig {
  /** Absent: plain HTTP. */
  readonly tls?: WebTls;
  /** Added to each answer: names in lower case and values in turn. */
  readonly headers: readonly string[];
  /** bcrypt hashes by the names of users. Where it is empty nobody is asked for a password. */
  readonly users: ReadonlyMap<string, string>;
  /** What is accepted, and yet should be known: a line for each thing. */
  readonly notices: readonly string[];
}

/** How TLS is served. */
export interface WebTls {
  readonly certFile: string;
  readonly keyFile: string;
  /** Authorities of clients' certificates. */
  readonly clientCaFile?: string;
  readonly clientAuth: ClientAuth;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
}

/** What the files of a {@linkcode WebTls} hold, as PEM. */
export interface Certificates {
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
}

/** A web configuration as it was loaded. */
export interface LoadedWeb {
  readonly config: WebConfig;
  /** Absent without TLS, and where some of the files were not checked. */
  readonly certificates?: Certificates;
}

/**
 * Loads and checks a web configuration file, with the certificates that it names.
 *
 * @param path the YAML file; files that it names are looked for beside it
 * @param onNotice is told of each file that only the service itself can find; absent: such a file is a
 *   problem
 * @throws {ConfigError} with every problem found; no secret is in it
 */
export async function loadWebConfig(
  path: string,
  env: Environment,
  onNotice?: (notice: string) => void,
): Promise<LoadedWeb> {
  const yaml = readYaml(await readText(path), path);
  const { file, issues } = parseWebFile(yaml.value, hasCompleteTls());
  if (!file) throw yaml.error(issues);
  const config = toWebConfig(file, {
    locate: locator(path, onNotice ? withoutCredentials(env) : env),
    yaml,
  });
  if (!config.tls) return { config };
  const placeOf = (key: string) =>
    `${yaml.placeOf(["tls_server_config", key])}: tls_server_config.${key}`;
  const hidden = Object.entries(filesOf(config.tls)).filter(([, file]) => isCredential(file));
  if (onNotice && hidden.length > 0) {
    for (const [key, file] of hidden) {
      onNotice(`${placeOf(key)} cannot be checked here: only the service has ${file}`);
    }
    return { config };
  }
  const read = await readCertificates(config.tls);
  if ("certificates" in read) return { config, ...read };
  throw new ConfigError(read.problems.map(({ key, problem }) => `${placeOf(key)}: ${problem}`));
}

/** What is wrong with a file of certificates. */
export interface CertificateProblem {
  /** The key that names it. */
  readonly key: string;
  readonly problem: string;
}

/**
 * Reads the files, and checks that they can be served.
 *
 * @param checked what they held before; it is returned as it is where they hold the same
 */
export async function readCertificates(
  tls: WebTls,
  checked?: Certificates,
): Promise<
  | { readonly certificates: Certificates }
  | { readonly problems: readonly CertificateProblem[] }
> {
  const files = filesOf(tls);
  const problems: CertificateProblem[] = [];
  const wrong = (key: string, problem: string) =>
    void problems.push({ key, problem: `${problem}, at ${files[key]}` });
  const texts: Record<string, string> = {};
  for (const [key, file] of Object.entries(files)) {
    const read = await readNamed(file, key === "key_file" ? undefined : certificatesProblem);
    if ("text" in read) texts[key] = read.text;
    else wrong(key, read.problem);
  }
  const { cert_file: cert, key_file: key, client_ca_file: clientCa } = texts;
  const isSame = problems.length === 0 && checked?.cert === cert && checked.key === key &&
    checked.clientCa === clientCa;
  if (isSame) return { certificates: checked };
  const pair = cert !== undefined && key !== undefined ? pairProblem(cert, key) : undefined;
  if (pair) wrong(pair.key, pair.message);
  if (problems.length > 0) return { problems };
  return { certificates: { cert, key, ...(clientCa !== undefined && { clientCa }) } };
}

function filesOf({ certFile, keyFile, clientCaFile }: WebTls): Record<string, string> {
  return {
    cert_file: certFile,
    key_file: keyFile,
    ...(clientCaFile && { client_ca_file: clientCaFile }),
  };
}

function toWebConfig(
  { tls_server_config: tls, http_server_config: http, basic_auth_users: users = {} }: WebFile,
  { locate, yaml }: { readonly locate: (name: string) => string; readonly yaml: YamlText },
): WebConfig {
  const headers = Object.entries(http?.headers ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [name.toLowerCase(), value]
  );
  const notices = http?.http2
    ? [
      `${yaml.placeOf(["http_server_config", "http2"])}: http_server_config.http2 has no ` +
      "effect: only HTTP/1.1 is served",
    ]
    : [];
  return {
    ...(tls?.cert_file && tls.key_file && {
      tls: {
        certFile: locate(tls.cert_file),
        keyFile: locate(tls.key_file),
        ...(tls.client_ca_file && { clientCaFile: locate(tls.client_ca_file) }),
        clientAuth: tls.client_auth_type ?? "NoClientCert",
        minVersion: TLS_VERSIONS[tls.min_version ?? "TLS12"],
        maxVersion: TLS_VERSIONS[tls.max_version ?? "TLS13"],
      },
    }),
    headers,
    users: new Map(Object.entries(users)),
    notices,
  };
}
