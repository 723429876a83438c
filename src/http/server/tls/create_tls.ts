/** Chooses what secures connections, by what the runtime has. @module */

import { hasCompleteTls } from "../../../config/tls_runtime.ts";
import type { Certificates } from "../../../config/web_config.ts";
import { createNodeTls } from "./node_tls.ts";
import { createRelayTls } from "./relay_tls.ts";
import type { Tls, TlsSettings } from "./tls.ts";

/** Creates the TLS of certificates that were checked. */
export function createTls(settings: TlsSettings, certificates: Certificates): Tls {
  return hasCompleteTls() ? createNodeTls(settings, certificates) : createRelayTls(certificates);
}
