/** What is valid and yet should be known at the start. @module */

import type { Config } from "./config.ts";

/** What clients need where a push is answered with a redirect: a line for each thing. */
export function redirectNotices({ mode, upstream }: Config): string[] {
  if (mode !== "redirect") return [];
  const notices: string[] = [];
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
