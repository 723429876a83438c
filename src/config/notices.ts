/** Notices at the start about a configuration that is valid. @module */

import type { Config } from "./config.ts";
import type { WebConfig } from "./web_config.ts";

/** Whether pushes are protected by TLS, or by passwords, which a client must not send to a Pushgateway. */
export function isProtected(web: WebConfig | undefined): boolean {
  return web !== undefined && (web.tls !== undefined || web.users.size > 0);
}

/** Returns what clients need if a push is answered with a redirect, one line for each requirement. */
export function redirectNotices(
  { mode, upstream }: Pick<Config, "mode" | "upstream">,
  web?: WebConfig,
): string[] {
  if (mode !== "redirect") return [];
  const notices: string[] = [];
  if (isProtected(web)) {
    notices.push(
      "mode is redirect, but the web configuration protects only this address: clients are redirected to " +
        `the Pushgateways over ${upstream.scheme}, and some send them the password of ` +
        "dynamic-sharding; mode auto and proxy redirect nobody then",
    );
  }
  if (upstream.basicAuth) {
    notices.push(
      "mode is redirect and pushgateway.basic_auth is set: clients have to send these credentials to " +
        "the Pushgateways themselves, and most drop them on a redirect; with mode auto or proxy " +
        "dynamic-sharding sends them",
    );
  }
  if (upstream.scheme === "https") {
    notices.push(
      "mode is redirect and pushgateway.scheme is https: clients have to trust the certificates of the " +
        "Pushgateways; with mode auto or proxy only dynamic-sharding has to",
    );
  }
  if (upstream.tls.certFile) {
    notices.push(
      "mode is redirect and pushgateway.tls_config.cert_file is set: clients have to present a " +
        "certificate to the Pushgateways themselves; with mode auto or proxy dynamic-sharding " +
        "presents this one",
    );
  }
  if (upstream.routePrefix) {
    notices.push(
      "mode is redirect and pushgateway.route_prefix is set: clients are redirected to paths below " +
        `${upstream.routePrefix}, and have to reach them`,
    );
  }
  return notices;
}

/**
 * Returns a notice if handoff is enabled without a Consul in which instances could share locks; otherwise
 * `undefined`.
 */
export function lockNotice({ consul, handoff }: Config): string | undefined {
  if (consul || !handoff.enabled) return undefined;
  return "without consul_server instances share no locks: run only one, because several lose pushes of " +
    "groups that are being moved";
}
