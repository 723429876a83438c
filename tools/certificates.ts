/** Certificates, made by the real openssl. @module */

import { outputOf } from "./command.ts";
import { ensureComponents } from "./components.ts";

/** A certificate and its key: names of PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** Makes certificates in one directory. */
export interface Certificates {
  /** Makes one that is an authority, as `openssl req -x509` does by default. */
  authority(name: string): Promise<Certificate>;
  /** Makes one that an authority signs. */
  signed(name: string, by: Certificate): Promise<Certificate>;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
/** Each is for this machine, whichever of these names it is reached by. */
const HOSTS = "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:127.0.0.2";

/** Finds openssl, and opens a directory for what it makes. */
export async function openCertificates(directory: string): Promise<Certificates> {
  const { openssl } = await ensureComponents(["openssl"]);
  const run = (...args: string[]) => outputOf(openssl.command, args, { env: openssl.env });
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
        HOSTS,
        "-keyout",
        key,
        "-out",
        cert,
      );
      return { cert, key };
    },
    async signed(name, by) {
      const { cert, key } = filesOf(name);
      const request = `${directory}/${name}.csr`;
      const extensions = `${directory}/${name}.ext`;
      await Deno.writeTextFile(extensions, HOSTS);
      await run("req", ...NEW_KEY, ...subject(name), "-keyout", key, "-out", request);
      const authority = ["-CA", by.cert, "-CAkey", by.key];
      await run("x509", "-req", ...authority, "-extfile", extensions, "-in", request, "-out", cert);
      return { cert, key };
    },
  };
}
