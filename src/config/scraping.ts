/**
 * What a scraper needs to know of a configuration: where the Pushgateways are found, and how they are
 * scraped. It has the form of Prometheus's configuration, without secrets.
 *
 * @module
 */

import type { Config } from "./config.ts";
import type { ConsulConfig, TlsConfig } from "./consul.ts";
import { metricsPath } from "./upstream.ts";

/** How the Pushgateways are scraped. */
export interface Scraping {
  readonly scheme: "http" | "https";
  readonly metrics_path: string;
  readonly tls_config?: ScrapingTls;
  /** The password is left out. */
  readonly basic_auth?: { readonly username: string };
  /** The Consul in which they are registered. Absent if there is none. */
  readonly consul?: {
    readonly server: string;
    readonly scheme: "http" | "https";
    readonly datacenter?: string;
    readonly service: string;
    /** Whether it requires a token, which is left out. */
    readonly needs_token: boolean;
    /** The password is left out. */
    readonly username?: string;
    readonly tls_config?: ScrapingTls;
  };
}

/** PEM files, by their names on the host of dynamic-sharding, and settings of TLS. */
export interface ScrapingTls {
  readonly ca_file?: string;
  readonly cert_file?: string;
  readonly key_file?: string;
  readonly server_name?: string;
  readonly insecure_skip_verify?: boolean;
}

/** Returns how the Pushgateways of a configuration are scraped. */
export function scrapingOf({ upstream, consul }: Pick<Config, "upstream" | "consul">): Scraping {
  const { scheme, basicAuth, tls } = upstream;
  return {
    scheme,
    metrics_path: metricsPath(upstream),
    ...tlsOf(tls),
    ...(basicAuth && { basic_auth: { username: basicAuth.username } }),
    ...(consul && { consul: consulOf(consul) }),
  };
}

function consulOf(consul: ConsulConfig): Scraping["consul"] {
  const { scheme, hostname, port, datacenter, serviceName: service, basicAuth } = consul;
  return {
    server: `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`,
    scheme,
    ...(datacenter !== undefined && { datacenter }),
    service,
    needs_token: (consul.token ?? consul.tokenFile) !== undefined,
    ...(basicAuth && { username: basicAuth.username }),
    ...tlsOf(consul.tls),
  };
}

/** Returns the files and settings of TLS in the form of Prometheus's configuration. */
export function tlsOf(tls: Partial<TlsConfig> = {}): { readonly tls_config?: ScrapingTls } {
  const { caFile, certFile, keyFile, serverName, insecureSkipVerify } = tls;
  const tls_config: ScrapingTls = {
    ...(caFile && { ca_file: caFile }),
    ...(certFile && { cert_file: certFile }),
    ...(keyFile && { key_file: keyFile }),
    ...(serverName && { server_name: serverName }),
    ...(insecureSkipVerify && { insecure_skip_verify: true }),
  };
  return Object.keys(tls_config).length > 0 ? { tls_config } : {};
}
