/** Pushgateways that speak TLS. @module */

import { type Certificate, type Certificates, openCertificates } from "../../tools/certificates.ts";
import { type Pushgateway, startPushgateway } from "../../tools/pushgateway.ts";
import { temporaryDirectory } from "../../tools/server.ts";

/** Makes certificates, and starts Pushgateways with them. */
export interface TlsFleet extends AsyncDisposable {
  readonly certificates: Certificates;
  /** The directory of all files. */
  readonly path: string;
  /**
   * Starts a Pushgateway that shows a certificate.
   *
   * @param asking whose certificates it asks clients for, and one of those; absent: it asks for none
   */
  start(own: Certificate, asking?: { ca: Certificate; client: Certificate }): Promise<Pushgateway>;
}

/** Opens a fleet without any Pushgateway. Whoever starts one ends it. */
export async function openTlsFleet(): Promise<TlsFleet> {
  const directory = await temporaryDirectory("tls");
  const certificates = await openCertificates(directory.path);
  let started = 0;
  return {
    certificates,
    path: directory.path,
    async start(own, asking) {
      const configFile = `${directory.path}/web-${++started}.yml`;
      const clients = asking
        ? `, client_auth_type: RequireAndVerifyClientCert, client_ca_file: ${asking.ca.cert}`
        : "";
      await Deno.writeTextFile(
        configFile,
        `tls_server_config: {cert_file: ${own.cert}, key_file: ${own.key}${clients}}\n`,
      );
      const certificate = asking && { certificate: asking.client };
      return await startPushgateway({ tls: { configFile, ...certificate } });
    },
    [Symbol.asyncDispose]: directory.remove,
  };
}
