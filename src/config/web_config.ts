/**
 * The web configuration: TLS, passwords and headers of our own port. Reads the file of
 * `--web.config.file`, and the certificates that it names.
 *
 * @module
 */

import { type Environment, isCredential, locator, readText, withoutCredentials } from "./files.ts";
import { type ByKey, byKey, readSectionFiles } from "./section_files.ts";
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
  /** The files of the certificate, its key and the authorities of clients, by the keys that name them. */
  readonly files: ByKey;
  /** Those that stand in the configuration itself, as PEM: `cert`, `key` and `client_ca`. */
  readonly inline: ByKey;
  readonly clientAuth: ClientAuth;
  /** A client's certificate has to be for one of these; absent: for anything. */
  readonly clientNames?: readonly string[];
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
}

/** The certificates of a {@linkcode WebTls}, as PEM. */
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
  /** The text of the file, and those of the certificates and the key, by the keys of these. */
  readonly text: string;
  readonly texts?: ByKey;
  /** `file:line:column` of a value; the file alone where it has none there. */
  readonly placeOf: YamlText["placeOf"];
}

/** How a web configuration is loaded. */
export interface WebLoading {
  readonly env: Environment;
  /** Is told of each file that only the service itself can find; absent: such a file is a problem. */
  readonly onNotice?: (notice: string) => void;
  /** As it was loaded before: what is as it was then is not checked again. */
  readonly before?: LoadedWeb;
}

/**
 * Loads and checks a web configuration file, with the certificates that it names.
 *
 * @param path the YAML file; files that it names are looked for beside it
 * @throws {ConfigError} with every problem found; no secret is in it
 */
export async function loadWebConfig(
  path: string,
  { env, onNotice, before }: WebLoading,
): Promise<LoadedWeb> {
  const text = await readText(path);
  const own = text === before?.text
    ? before
    : readWebConfig(text, { path, env: onNotice ? withoutCredentials(env) : env });
  const { config, placeOf } = own;
  const loaded = { text, config, placeOf };
  if (!config.tls) return loaded;
  const { files, inline } = config.tls;
  const keyPlace = (key: string) =>
    `${placeOf(["tls_server_config", key])}: tls_server_config.${key}`;
  const hidden = Object.entries(files).filter(([, file]) => isCredential(file));
  if (onNotice && hidden.length > 0) {
    for (const [key, file] of hidden) {
      onNotice(`${keyPlace(key)} cannot be checked here: only the service has ${file}`);
    }
    return loaded;
  }
  const { texts, problems } = await readSectionFiles(files, {
    inline,
    ...(before?.texts && { checked: before.texts }),
  });
  if (problems.length > 0) {
    throw new ConfigError(problems.map(({ key, problem }) => `${keyPlace(key)}: ${problem}`));
  }
  const textOf = (key: string): string | undefined => texts[key] ?? texts[`${key}_file`];
  const [cert = "", key = "", clientCa] = ["cert", "key", "client_ca"].map(textOf);
  const certificates = { cert, key, ...(clientCa !== undefined && { clientCa }) };
  return { ...loaded, texts, certificates };
}

/** Whether two loaded ones are the same in all that was read. */
export function isSameWeb(a: LoadedWeb, b: LoadedWeb): boolean {
  return a.text === b.text && JSON.stringify(a.texts) === JSON.stringify(b.texts);
}

function readWebConfig(
  text: string,
  { path, env }: { readonly path: string; readonly env: Environment },
): Pick<LoadedWeb, "config" | "placeOf"> {
  const yaml = readYaml(text, path);
  const { file, issues } = parseWebFile(yaml.value, hasCompleteTls());
  if (!file) throw yaml.error(issues);
  const config = toWebConfig(file, { locate: locator(path, env), yaml });
  return { config, placeOf: yaml.placeOf };
}

function toWebConfig(
  { tls_server_config: tls, http_server_config: http, basic_auth_users: users = {} }: WebFile,
  { locate, yaml }: { readonly locate: (name: string) => string; readonly yaml: YamlText },
): WebConfig {
  const located = (name: string | undefined) => name && locate(name);
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
    ...(tls && {
      tls: {
        files: byKey({
          cert_file: located(tls.cert_file),
          key_file: located(tls.key_file),
          client_ca_file: located(tls.client_ca_file),
        }),
        inline: byKey({ cert: tls.cert, key: tls.key?.reveal(), client_ca: tls.client_ca }),
        clientAuth: tls.client_auth_type ?? "NoClientCert",
        ...(tls.client_allowed_sans && { clientNames: tls.client_allowed_sans }),
        minVersion: TLS_VERSIONS[tls.min_version ?? "TLS12"],
        maxVersion: TLS_VERSIONS[tls.max_version ?? "TLS13"],
      },
    }),
    headers,
    users: new Map(Object.entries(users)),
    notices,
  };
}
