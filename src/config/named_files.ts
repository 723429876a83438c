/**
 * Checks the files that a configuration names. One that nobody can read, or that does not hold what it
 * should, is a problem now and not at its first use.
 *
 * @module
 */

import { certificatesProblem, hostsOfAuthorities, pairProblem } from "./certificates.ts";
import type { Config } from "./config.ts";
import type { TlsConfig } from "./consul.ts";
import { isCredential, readNamed } from "./files.ts";

/** What checking needs. */
export interface FileChecks {
  /** `file:line:column` of a key of the configuration. */
  readonly placeOf: (keys: readonly string[]) => string;
  /** Called with what is no problem and should be known. Absent: a file that cannot be found is one. */
  readonly onNotice?: (notice: string) => void;
}

/** A key of the configuration, and the file that it names. */
interface NamedFile {
  readonly section: string;
  readonly key: string;
  readonly file: string;
}

/** @returns each problem as `file:line:column: what`; no secret is in it */
export async function fileProblems(
  config: Pick<Config, "consul" | "upstream">,
  { placeOf, onNotice }: FileChecks,
): Promise<string[]> {
  const keyOf = ({ section, key }: NamedFile) => `${section}.${key}`;
  const place = (named: NamedFile) => `${placeOf(keyOf(named).split("."))}: ${keyOf(named)}`;
  const problems: string[] = [];
  const report = (named: NamedFile, problem: string) =>
    void problems.push(`${place(named)}: ${problem}, at ${named.file}`);
  const read = new Map<string, { readonly named: NamedFile; readonly text: string }>();
  for (const named of namedFiles(config)) {
    if (isCredential(named.file) && onNotice) {
      onNotice(`${place(named)} cannot be checked here: only the service has ${named.file}`);
      continue;
    }
    const isCertificate = named.key === "ca_file" || named.key === "cert_file";
    const found = await readNamed(named.file, isCertificate ? certificatesProblem : undefined);
    if ("problem" in found) report(named, found.problem);
    else read.set(keyOf(named), { named, text: found.text });
  }
  for (const section of ["consul_server.tls_config", "pushgateway.tls_config"]) {
    const [cert, key] = [read.get(`${section}.cert_file`), read.get(`${section}.key_file`)];
    const wrong = cert && key && pairProblem(cert.text, key.text);
    if (wrong) report(wrong.key === "cert_file" ? cert.named : key.named, wrong.message);
  }
  const ca = read.get("pushgateway.tls_config.ca_file");
  if (ca && onNotice && !config.upstream.tls.insecureSkipVerify) {
    for (const hosts of hostsOfAuthorities(ca.text)) {
      const what = `the certificate for ${hosts} may sign others (CA:TRUE)`;
      const remedy = "a Pushgateway that presents it is refused; docs/tls.md has a remedy";
      onNotice(`${place(ca.named)}: ${what}: ${remedy}`);
    }
  }
  return problems;
}

function namedFiles({ consul, upstream }: Pick<Config, "consul" | "upstream">): NamedFile[] {
  const name = (section: string, files: Readonly<Record<string, string | undefined>>) =>
    Object.entries(files).flatMap(([key, file]) =>
      file === undefined ? [] : [{ section, key, file }]
    );
  const tls = ({ caFile, certFile, keyFile }: Partial<TlsConfig> = {}) => ({
    ca_file: caFile,
    cert_file: certFile,
    key_file: keyFile,
  });
  return [
    ...name("consul_server", { token_file: consul?.tokenFile }),
    ...name("consul_server.tls_config", tls(consul?.tls)),
    ...name("pushgateway.basic_auth", { password_file: upstream.basicAuth?.passwordFile }),
    ...name("pushgateway.tls_config", tls(upstream.tls)),
  ];
}
