/** Servers of the kind that is under test, with certificates of an authority of the test. @module */

import type { Certificates } from "../../src/config/web_config.ts";
import { createNodeTls } from "../../src/http/server/tls/node_tls.ts";
import { createRelayTls } from "../../src/http/server/tls/relay_tls.ts";
import type { Tls, TlsSettings } from "../../src/http/server/tls/tls.ts";
import type { Handler } from "../../src/http/message.ts";
import type { Authority, Certificate } from "../../tools/certificates.ts";
import { startServer, type TestServer } from "../http/server/test_server.ts";

const SETTINGS: TlsSettings = {
  clientAuth: "NoClientCert",
  minVersion: "TLSv1.2",
  maxVersion: "TLSv1.3",
};

/** Both ways to serve TLS; the second one is that of a Deno before 2.9, and works in this one, too. */
export const WAYS: readonly [name: string, create: (certificates: Certificates) => Tls][] = [
  ["node:tls", (certificates) => createNodeTls(SETTINGS, certificates)],
  ["a relay", (certificates) => createRelayTls(certificates)],
];

/** Reads what files hold. */
export async function readPair({ cert, key }: Certificate): Promise<Certificates> {
  return { cert: await Deno.readTextFile(cert), key: await Deno.readTextFile(key) };
}

/** A server whose certificate can change. */
export interface SecuredServer extends TestServer {
  /** Secures those that come from now on with a certificate of another name. */
  change(name: string): Promise<void>;
}

/** Starts a server with a certificate of an authority. */
export async function startSecured(
  handler: Handler,
  { createTls, authority, name = "server" }: {
    readonly createTls: (certificates: Certificates) => Tls;
    readonly authority: Authority;
    readonly name?: string;
  },
): Promise<SecuredServer> {
  let tls = createTls(await readPair(await authority.issue(name)));
  const server = startServer(handler, { tls: () => tls });
  return {
    ...server,
    async change(name) {
      const former = tls;
      tls = createTls(await readPair(await authority.issue(name)));
      former[Symbol.dispose]();
    },
    async [Symbol.asyncDispose]() {
      await server.stop();
      tls[Symbol.dispose]();
    },
  };
}
