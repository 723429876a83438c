/**
 * The web configuration: TLS, passwords and headers of this service. Reads the file of `--web.config.file`,
 * and the certificates that it names.
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
  /** Headers that are added to each answer: names in lower case and values in turn. */
  readonly headers: readonly string[];
  /** bcrypt hashes by the names of users. If it is empty, no password is required. */
  readonly users: ReadonlyMap<string, string>;
  /** Notices about what is valid, one line each. */
  readonly notices: readonly string[];
}

/** The TLS settings of the server. */
export interface WebTls {
  /** The files of the certificate, its key and the certificate authorities of clients, by their keys. */
  readonly files: ByKey;
  /** The inline texts, as PEM: `cert`, `key` and `client_ca`. */
  readonly inline: ByKey;
  readonly clientAuth: ClientAuth;
  /** A client's certificate has to have one of these names. Absent: any name. */
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

/** A loaded web configuration. */
export interface LoadedWeb {
  readonly config: WebConfig;
  /** Absent without TLS, or if some files were not checked. */
  readonly certificates?: Certificates;
  /** The text of the file, and the texts of the certificates and the key by their keys. */
  readonly text: string;
  readonly texts?: ByKey;
  /** Returns `file:line:column` of a value; the file alone if the value is not in it. */
  readonly placeOf: YamlText["placeOf"];
}

/** How a web configuration is loaded. */
export interface WebLoading {
  readonly env: Environment;
  /** Called for each file that only the service can find. Absent: such a file is a problem. */
  readonly onNotice?: (notice: string) => void;
  /** The result of the last loading. What has not changed is not checked again. */
  readonly before?: LoadedWeb;
}

/**
 * Loads and checks a web configuration file, with the certificates that it names.
 *
 * @param path the YAML file; the names of files in it are relative to it
 * @throws {ConfigError} with every problem found, without secrets
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

/** Whether two loaded web configurations have the same texts. */
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
