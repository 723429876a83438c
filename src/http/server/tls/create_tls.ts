/** Chooses the implementation of TLS that the runtime supports. @module */

import { hasCompleteTls } from "../../../config/tls_runtime.ts";
import type { Certificates } from "../../../config/web_config.ts";
import { createNodeTls } from "./node_tls.ts";
import { createRelayTls } from "./relay_tls.ts";
import type { Tls, TlsSettings } from "./tls.ts";

/** Creates TLS for certificates that were checked. */
export function createTls(settings: TlsSettings, certificates: Certificates): Tls {
  return hasCompleteTls() ? createNodeTls(settings, certificates) : createRelayTls(certificates);
}
