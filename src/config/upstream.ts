/** How the Pushgateways are spoken to: what the `pushgateway` section says beside its servers. @module */

import type { TlsConfig } from "./consul.ts";
import type { PushgatewaySection } from "./schema.ts";
import type { Secret } from "./secret.ts";

/** The way to every Pushgateway. */
export interface UpstreamConfig {
  readonly scheme: "http" | "https";
  /** The Pushgateways' `--web.route-prefix`: empty, or as `/pushgateway`. */
  readonly routePrefix: string;
  /** Sent with every request of ours, instead of what a client sent. */
  readonly basicAuth?: {
    readonly username: string;
    readonly password?: Secret;
    /** Read again for each connection's worth of requests, so that a rotated password is taken up. */
    readonly passwordFile?: string;
  };
  readonly tls: Partial<TlsConfig>;
}

/** The path of a Pushgateway's metrics. */
export function metricsPath({ routePrefix }: Pick<UpstreamConfig, "routePrefix">): string {
  return `${routePrefix}/metrics`;
}

/**
 * Fills in the defaults.
 *
 * @param locate makes a file name of the section absolute
 */
export function resolveUpstream(
  section: PushgatewaySection | undefined,
  locate: (file: string) => string,
): UpstreamConfig {
  const { scheme = "http", route_prefix: routePrefix = "", basic_auth: auth, tls_config: tls } =
    section ?? {};
  const { username, password, password_file: passwordFile } = auth ?? {};
  return {
    scheme,
    routePrefix,
    ...(username && {
      basicAuth: {
        username,
        ...(password && { password }),
        ...(passwordFile && { passwordFile: locate(passwordFile) }),
      },
    }),
    tls: {
      ...(tls?.ca_file && { caFile: locate(tls.ca_file) }),
      ...(tls?.cert_file && { certFile: locate(tls.cert_file) }),
      ...(tls?.key_file && { keyFile: locate(tls.key_file) }),
      ...(tls?.server_name && { serverName: tls.server_name }),
      ...(tls?.insecure_skip_verify && { insecureSkipVerify: true }),
    },
  };
}
