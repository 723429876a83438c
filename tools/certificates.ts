/** Certificates, made by the real openssl. @module */

import { outputOf } from "./command.ts";
import { ensureComponents } from "./components.ts";

/** A certificate and its key: names of PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** What a signed certificate is like. */
export interface SignedOptions {
  /** Its first and last moment; from 2020 to 2090 by default. */
  readonly from?: string;
  readonly to?: string;
  /** As `serverAuth`; it is good for everything by default. */
  readonly usage?: string;
  /** Whom it is for, as `DNS:localhost,IP:127.0.0.1`; this machine by default. */
  readonly hosts?: string;
}

/** Makes certificates in one directory. */
export interface Certificates {
  /** Makes one that is an authority, as `openssl req -x509` does by default. */
  authority(name: string): Promise<Certificate>;
  /** Makes one that an authority signs. */
  signed(name: string, by: Certificate, options?: SignedOptions): Promise<Certificate>;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
/** Each is for this machine, whichever of these names it is reached by. */
const HOSTS = "DNS:localhost,IP:127.0.0.1,IP:127.0.0.2";
const [FROM, TO] = ["20200101000000Z", "20900101000000Z"];

/** Finds openssl, and opens a directory for what it makes. */
export async function openCertificates(directory: string): Promise<Certificates> {
  const { openssl } = await ensureComponents(["openssl"]);
  const run = (...args: string[]) => outputOf(openssl.command, args, { env: openssl.env });
  const write = async (name: string, lines: readonly string[]) => {
    const file = `${directory}/${name}`;
    await Deno.writeTextFile(file, lines.map((line) => `${line}\n`).join(""));
    return file;
  };
  const filesOf = (name: string): Certificate => ({
    cert: `${directory}/${name}.pem`,
    key: `${directory}/${name}.key`,
  });
  const subject = (name: string) => ["-subj", `/CN=${name}`];
  return {
    async authority(name) {
      const { cert, key } = filesOf(name);
      await run(
        "req",
        "-x509",
        ...NEW_KEY,
        ...subject(name),
        "-addext",
        `subjectAltName=${HOSTS}`,
        "-keyout",
        key,
        "-out",
        cert,
      );
      return { cert, key };
    },
    async signed(name, by, { from = FROM, to = TO, usage, hosts = HOSTS } = {}) {
      const { cert, key } = filesOf(name);
      const request = `${directory}/${name}.csr`;
      await run("req", ...NEW_KEY, ...subject(name), "-keyout", key, "-out", request);
      const config = await write(`${name}.cnf`, [
        "[ca]",
        "default_ca = own",
        "[own]",
        `database = ${await write(`${name}.index`, [])}`,
        `new_certs_dir = ${directory}`,
        "rand_serial = yes",
        "default_md = sha256",
        "policy = names",
        "[names]",
        "commonName = supplied",
      ]);
      const extensions = await write(`${name}.ext`, [
        `subjectAltName=${hosts}`,
        ...(usage ? [`extendedKeyUsage=${usage}`] : []),
      ]);
      // `openssl x509` sets no dates in Debian 12.
      await run(
        "ca",
        "-batch",
        "-notext",
        ...["-config", config, "-extfile", extensions, "-in", request],
        ...["-cert", by.cert, "-keyfile", by.key, "-startdate", from, "-enddate", to],
        ...["-out", cert],
      );
      return { cert, key };
    },
  };
}

/** An authority in a directory of its own. Disposal removes all of its files. */
export interface Authority extends AsyncDisposable {
  readonly directory: string;
  /** Its own certificate. */
  readonly ca: string;
  /** Makes a certificate that it signs. */
  issue(name: string, options?: SignedOptions): Promise<Certificate>;
}

/** Creates an authority. Each has the same name. */
export async function createAuthority(): Promise<Authority> {
  const directory = await Deno.makeTempDir({ prefix: "dynamic-sharding-ca-" });
  const certificates = await openCertificates(directory);
  const own = await certificates.authority("ca");
  return {
    directory,
    ca: own.cert,
    issue: (name, options) => certificates.signed(name, own, options),
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}
