/**
 * How commands speak to a running service: the file of `--http.config.file`, as promtool has it. Of its
 * keys there are those of a user and of TLS.
 *
 * @module
 */

import { certificatesProblem, pairProblem } from "./certificates.ts";
import { basicAuthConflicts, field, tlsConflicts } from "./conflicts.ts";
import type { TlsConfig } from "./consul.ts";
import { type Issue, section, toIssues } from "./fields.ts";
import { type Environment, locator, readNamed, readText } from "./files.ts";
import { basicAuth, tlsConfig } from "./schema.ts";
import { Secret } from "./secret.ts";
import { ConfigError, readYaml } from "./yaml.ts";

/** Whom a command is for a service, and whom it trusts. */
export interface HttpClientConfig {
  readonly basicAuth?: { readonly user: string; readonly password: Secret };
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
 * @param path the YAML file; files that it names are looked for beside it
 * @throws {ConfigError} with every problem found; no secret is in it
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
  const problems: string[] = [];
  const locate = locator(path, env);
  const wrong = (key: string, file: string, problem: string) =>
    void problems.push(`${yaml.placeOf(key.split("."))}: ${key}: ${problem}, at ${file}`);

  /** A file that a key names, with its text; absent where it names none, or a wrong one. */
  async function read(
    key: string,
    name: string | undefined,
    problemOf?: (text: string) => string | undefined,
  ) {
    if (name === undefined) return undefined;
    const file = locate(name);
    const found = await readNamed(file, problemOf);
    if ("text" in found) return { file, text: found.text };
    wrong(key, file, found.problem);
    return undefined;
  }

  const password = await read("basic_auth.password_file", auth?.password_file);
  const ca = await read("tls_config.ca_file", tls?.ca_file, certificatesProblem);
  const cert = await read("tls_config.cert_file", tls?.cert_file, certificatesProblem);
  const key = await read("tls_config.key_file", tls?.key_file);
  const pair = cert && key && pairProblem(cert.text, key.text);
  if (pair) {
    wrong(
      `tls_config.${pair.key}`,
      { cert_file: cert, key_file: key }[pair.key].file,
      pair.message,
    );
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    ...(auth?.username && {
      basicAuth: {
        user: auth.username,
        password: auth.password ?? new Secret(password?.text.trim() ?? ""),
      },
    }),
    ...(tls && {
      tls: {
        ...(ca && { caFile: ca.file }),
        ...(cert && { certFile: cert.file }),
        ...(key && { keyFile: key.file }),
        ...(tls.server_name && { serverName: tls.server_name }),
        insecureSkipVerify: tls.insecure_skip_verify ?? false,
      },
    }),
  };
}

/** Without authorities of its own the runtime looks for the system's, which takes a permission. */
function trustIssues(value: unknown): Issue[] {
  const tls = field(value, "tls_config");
  if (!tls || tls.ca_file || tls.insecure_skip_verify === "true") return [];
  const message = "expected ca_file or insecure_skip_verify: true, found neither";
  return [{ path: ["tls_config"], message }];
}
