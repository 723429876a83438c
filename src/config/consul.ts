/** Combines the `consul_server` section with Consul's environment variables. @module */

import type { ConsulSection } from "./schema.ts";
import { Secret } from "./secret.ts";
import { parseConsulAddress } from "./values.ts";

/** How to reach Consul, and how members are registered there. */
export interface ConsulConfig {
  readonly scheme: "http" | "https";
  readonly hostname: string;
  readonly port: number;
  readonly datacenter?: string;
  readonly basicAuth?: { readonly username: string; readonly password: Secret };
  readonly token?: Secret;
  /** Read again for each request, so that a rotated token is used. */
  readonly tokenFile?: string;
  readonly tls?: TlsConfig;
  readonly serviceName: string;
  readonly check: CheckConfig;
}

/** PEM files and rules for TLS to Consul. */
export interface TlsConfig {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly serverName?: string;
  readonly insecureSkipVerify: boolean;
}

/** Consul's HTTP check of a member, with durations in Go's format. */
export interface CheckConfig {
  readonly interval: string;
  readonly timeout: string;
  readonly deregisterAfter: string;
}

/** Returns the URL of Consul's API. */
export function consulUrl(
  { scheme, hostname, port }: Pick<ConsulConfig, "scheme" | "hostname" | "port">,
): string {
  return `${scheme}://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

const DEFAULT_ADDRESS = "localhost:8500";
const DEFAULT_SERVICE_NAME = "pushgateway";
/**
 * Interval and timeout are the Go tool's. Its time until deregistration was 5 s, which Consul raises to 1
 * min.
 */
const DEFAULT_CHECK: CheckConfig = { interval: "5s", timeout: "2s", deregisterAfter: "1m" };

/**
 * Completes the section from the environment, then from defaults: the file takes precedence, like a flag.
 *
 * @param env reads a variable
 * @param locate makes a file name of the section absolute
 * @throws {TypeError} with the name of the invalid variable
 */
export function resolveConsul(
  section: ConsulSection,
  env: (name: string) => string | undefined,
  locate: (file: string) => string,
): ConsulConfig {
  const variable = (name: string) => env(name) || undefined;
  const address = section.addr ?? environmentAddress(variable("CONSUL_HTTP_ADDR"));
  const token = section.token ??
    secretOf(section.token_file ? undefined : variable("CONSUL_HTTP_TOKEN"));
  const tokenFile = token ? undefined : section.token_file ?? variable("CONSUL_HTTP_TOKEN_FILE");
  const basicAuth = basicAuthOf(section, variable("CONSUL_HTTP_AUTH"));
  const tls = tlsOf(section, variable, locate);
  const useSsl = isTrue("CONSUL_HTTP_SSL", variable("CONSUL_HTTP_SSL"));
  return {
    scheme: section.scheme ?? address.scheme ?? (useSsl ? "https" : "http"),
    hostname: address.hostname,
    port: address.port,
    ...(section.datacenter && { datacenter: section.datacenter }),
    ...(basicAuth && { basicAuth }),
    ...(token && { token }),
    ...(tokenFile && { tokenFile: section.token_file ? locate(tokenFile) : tokenFile }),
    ...(tls && { tls }),
    serviceName: section.register_service_name || DEFAULT_SERVICE_NAME,
    check: {
      interval: section.check_interval ?? DEFAULT_CHECK.interval,
      timeout: section.check_timeout ?? DEFAULT_CHECK.timeout,
      deregisterAfter: section.check_deregister_after ?? DEFAULT_CHECK.deregisterAfter,
    },
  };
}

function environmentAddress(text: string | undefined) {
  try {
    return parseConsulAddress(text ?? DEFAULT_ADDRESS);
  } catch (cause) {
    throw new TypeError(`environment variable CONSUL_HTTP_ADDR: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function basicAuthOf(section: ConsulSection, variable: string | undefined) {
  if (section.username) {
    return { username: section.username, password: section.password ?? new Secret("") };
  }
  if (variable === undefined) return undefined;
  const colon = variable.indexOf(":"); // as in Consul: user:password, or only a user
  return {
    username: colon < 0 ? variable : variable.slice(0, colon),
    password: new Secret(colon < 0 ? "" : variable.slice(colon + 1)),
  };
}

function tlsOf(
  { tls_config: tls }: ConsulSection,
  variable: (name: string) => string | undefined,
  locate: (file: string) => string,
): TlsConfig | undefined {
  const file = (own: string | undefined, name: string) => own ? locate(own) : variable(name);
  const caFile = file(tls?.ca_file, "CONSUL_CACERT");
  const certFile = file(tls?.cert_file, "CONSUL_CLIENT_CERT");
  const keyFile = file(tls?.key_file, "CONSUL_CLIENT_KEY");
  const serverName = tls?.server_name ?? variable("CONSUL_TLS_SERVER_NAME");
  const verify = variable("CONSUL_HTTP_SSL_VERIFY");
  const insecureSkipVerify = tls?.insecure_skip_verify ??
    (verify !== undefined && !isTrue("CONSUL_HTTP_SSL_VERIFY", verify));
  if (!caFile && !certFile && !keyFile && !serverName && !insecureSkipVerify) return undefined;
  return {
    ...(caFile && { caFile }),
    ...(certFile && { certFile }),
    ...(keyFile && { keyFile }),
    ...(serverName && { serverName }),
    insecureSkipVerify,
  };
}

/** Go's strconv.ParseBool, which Consul uses for its variables. */
function isTrue(name: string, text: string | undefined): boolean {
  if (text === undefined || /^(0|f|F|false|False|FALSE)$/.test(text)) return false;
  if (/^(1|t|T|true|True|TRUE)$/.test(text)) return true;
  throw new TypeError(
    `environment variable ${name}: expected true or false, found ${JSON.stringify(text)}`,
  );
}

function secretOf(text: string | undefined): Secret | undefined {
  return text === undefined ? undefined : new Secret(text);
}
