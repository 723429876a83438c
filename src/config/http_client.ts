/**
 * How commands connect to a running service: the file of `--http.config.file`, as of promtool. Only its keys
 * for basic authentication and TLS are supported.
 *
 * @module
 */

import { basicAuthConflicts, field, tlsConflicts } from "./conflicts.ts";
import type { TlsConfig } from "./consul.ts";
import { type Issue, section, toIssues } from "./fields.ts";
import { type Environment, locator, readText } from "./files.ts";
import { basicAuth, tlsConfig } from "./schema.ts";
import { Secret } from "./secret.ts";
import { type ByKey, byKey, readSectionFiles } from "./section_files.ts";
import { ConfigError, readYaml } from "./yaml.ts";

/** The credentials of a command, and which certificates it trusts. */
export interface HttpClientConfig {
  readonly basicAuth?: {
    readonly user: string;
    readonly password: Secret;
    /** The file that the password is from. */
    readonly passwordFile?: string;
  };
  readonly tls?: TlsConfig;
}

const file = section({ basic_auth: basicAuth.optional(), tls_config: tlsConfig.optional() });
const KEYS: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(file.shape),
  "basic_auth": Object.keys(basicAuth.shape),
  "tls_config": Object.keys(tlsConfig.shape),
};

/**
 * Loads and checks such a file.
 *
 * @param path the YAML file; the names of files in it are relative to it
 * @throws {ConfigError} with every problem found, without secrets
 */
export async function loadHttpClient(path: string, env: Environment): Promise<HttpClientConfig> {
  const yaml = readYaml(await readText(path), path);
  const { value } = yaml;
  const parsed = file.safeParse(value);
  const issues = [
    ...(parsed.error ? toIssues(parsed.error, (path) => KEYS[path.join(".")] ?? []) : []),
    ...basicAuthConflicts([], value),
    ...tlsConflicts([], value),
    ...trustIssues(value),
  ];
  if (!parsed.success || issues.length > 0) throw yaml.error(issues);
  const { basic_auth: auth, tls_config: tls } = parsed.data;
  const locate = locator(path, env);
  const problems: string[] = [];

  /** Returns the files of a section, with their texts. */
  async function read(section: string, names: Readonly<Record<string, string | undefined>>) {
    const named = Object.entries(byKey(names)).map(([key, name]) => [key, locate(name)]);
    const files: ByKey = Object.fromEntries(named);
    const { texts, problems: wrong } = await readSectionFiles(files);
    for (const { key, problem } of wrong) {
      problems.push(`${yaml.placeOf([section, key])}: ${section}.${key}: ${problem}`);
    }
    return { files, texts };
  }

  const { files: own, texts } = await read("basic_auth", { password_file: auth?.password_file });
  const { files } = await read("tls_config", {
    ca_file: tls?.ca_file,
    cert_file: tls?.cert_file,
    key_file: tls?.key_file,
  });
  if (problems.length > 0) throw new ConfigError(problems);
  const { ca_file: caFile, cert_file: certFile, key_file: keyFile } = files;
  return {
    ...(auth?.username && {
      basicAuth: {
        user: auth.username,
        password: auth.password ?? new Secret(texts.password_file?.trim() ?? ""),
        ...(own.password_file && { passwordFile: own.password_file }),
      },
    }),
    ...(tls && {
      tls: {
        ...(caFile && { caFile }),
        ...(certFile && { certFile }),
        ...(keyFile && { keyFile }),
        ...(tls.server_name && { serverName: tls.server_name }),
        insecureSkipVerify: tls.insecure_skip_verify ?? false,
      },
    }),
  };
}

/** Without certificate authorities the runtime reads the system's, for which it needs a permission. */
function trustIssues(value: unknown): Issue[] {
  const tls = field(value, "tls_config");
  if (!tls || tls.ca_file || tls.insecure_skip_verify === "true") return [];
  const message = "expected ca_file or insecure_skip_verify: true, found neither";
  return [{ path: ["tls_config"], message }];
}
