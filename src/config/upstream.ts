/** How the Pushgateways are reached: the keys of the `pushgateway` section besides its servers. @module */

import type { TlsConfig } from "./consul.ts";
import type { PushgatewaySection } from "./schema.ts";
import type { Secret } from "./secret.ts";

/** How every Pushgateway is reached. */
export interface UpstreamConfig {
  readonly scheme: "http" | "https";
  /** The Pushgateways' `--web.route-prefix`: empty, or for example `/pushgateway`. */
  readonly routePrefix: string;
  /** The credentials of every request, sent instead of a client's. */
  readonly basicAuth?: {
    readonly username: string;
    readonly password?: Secret;
    /** Read again for each request, so that a rotated password is used. */
    readonly passwordFile?: string;
  };
  readonly tls: Partial<TlsConfig>;
}

/** Returns the path of a Pushgateway's metrics. */
export function metricsPath({ routePrefix }: Pick<UpstreamConfig, "routePrefix">): string {
  return `${routePrefix}/metrics`;
}

/**
 * Completes the section with defaults.
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
