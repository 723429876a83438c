/** What is valid and yet should be known at the start. @module */

import type { Config } from "./config.ts";
import type { WebConfig } from "./web_config.ts";

/**
 * Whether what is pushed here is protected: by TLS, or by passwords, which a client must not send to a
 * Pushgateway.
 */
export function isProtected(web: WebConfig | undefined): boolean {
  return web !== undefined && (web.tls !== undefined || web.users.size > 0);
}

/** What clients need where a push is answered with a redirect: a line for each thing. */
export function redirectNotices(
  { mode, upstream }: Pick<Config, "mode" | "upstream">,
  web?: WebConfig,
): string[] {
  if (mode !== "redirect") return [];
  const notices: string[] = [];
  if (isProtected(web)) {
    notices.push(
      "mode is redirect, and the web configuration protects this address alone: clients are sent to the " +
        `Pushgateways over ${upstream.scheme}, some with the password that is meant for dynamic-sharding; ` +
        "auto and proxy pass all pushes on",
    );
  }
  if (upstream.basicAuth) {
    notices.push(
      "mode is redirect and pushgateway.basic_auth is set: each client has to send these " +
        "credentials to the Pushgateway itself, which most drop on a redirect; auto and proxy send them",
    );
  }
  if (upstream.scheme === "https") {
    notices.push(
      "mode is redirect and pushgateway.scheme is https: each client has to trust the certificates " +
        "of the Pushgateways; auto and proxy need it of dynamic-sharding alone",
    );
  }
  if (upstream.tls.certFile) {
    notices.push(
      "mode is redirect and pushgateway.tls_config.cert_file is set: each client has to show a " +
        "certificate to the Pushgateway itself; auto and proxy show this one",
    );
  }
  if (upstream.routePrefix) {
    notices.push(
      `mode is redirect and pushgateway.route_prefix is set: clients are sent to paths below ` +
        `${upstream.routePrefix}, and need a way there`,
    );
  }
  return notices;
}

/** What to know where there is no Consul for several instances to share locks in; nothing where there is. */
export function lockNotice({ consul, handoff }: Config): string | undefined {
  if (consul || !handoff.enabled) return undefined;
  return "without consul_server several instances share no locks, and lose pushes of groups that are " +
    "being moved: run one";
}
