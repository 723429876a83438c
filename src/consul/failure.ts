/**
 * Why a request to Consul failed, in words for an operator: what was expected, what was found, and what
 * to do. Pure.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import * as z from "zod";
import { type ConsulConfig, consulUrl } from "../config/consul.ts";
import { type TlsPeer, tlsRemedy } from "../config/tls_remedy.ts";
import { policyRules, rightFor } from "./policy.ts";

/** What kind of fault it is. */
export type FailureKind =
  /** No connection to the agent. */
  | "unreachable"
  | "timeout"
  /** The connection ended without an answer. */
  | "closed"
  | "tls"
  /** Consul does not know the token. */
  | "unknown token"
  /** The token lacks a right, or there is no token. */
  | "forbidden"
  | "unauthorized"
  | "no leader"
  | "no datacenter"
  /** A client agent that reaches no server. */
  | "no server"
  /** The agent is not in the catalogue of the datacenter that is asked. */
  | "no node"
  /** Another status than 2xx. */
  | `status ${number}`
  /** An answer that Consul does not give. */
  | "not Consul"
  | "token file";

/** An answer that made a request fail. */
interface Answer {
  /** A transaction that lacks a right counts as 403, though Consul answers 409. */
  readonly statusCode?: number;
  /** The answer, as the library has it. */
  readonly response?: unknown;
}

/** A request to Consul that failed. */
export class ConsulFailure extends Error {
  override readonly name = "ConsulFailure";
  readonly kind: FailureKind;
  /** What was expected, and what was found. */
  readonly what: string;
  /** The same for all failures with the same remedy, whatever their texts. */
  readonly reason: string;
  readonly statusCode?: number;
  readonly response?: unknown;

  constructor(
    kind: FailureKind,
    { what, remedy }: { readonly what: string; readonly remedy: string },
    { statusCode, response }: Answer = {},
  ) {
    super(`${what}; ${remedy}`);
    this.kind = kind;
    this.reason = `${kind}: ${remedy}`;
    this.what = what;
    if (statusCode !== undefined) this.statusCode = statusCode;
    this.response = response;
  }
}

/** The part of the configuration that a failure may depend on. */
export type FailureConfig = Pick<
  ConsulConfig,
  | "scheme"
  | "hostname"
  | "port"
  | "datacenter"
  | "token"
  | "tokenFile"
  | "tls"
  | "serviceName"
>;

/** The error of the library when Consul has answered. */
const answered = z.object({
  response: z.object({
    statusCode: z.number(),
    body: z.unknown().optional(),
    req: z.object({ method: z.string(), path: z.string() }).optional().catch(undefined),
  }),
});
const txnErrors = z.object({ Errors: z.array(z.object({ What: z.string() })).min(1) });

const UNREACHABLE = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EADDRNOTAVAIL",
]);
/** What the versions of Deno report about TLS, as a code or a text. */
const TLS = /ERR_SSL|ERR_TLS|CERT|UNABLE_TO|certificate|fatal alert|corrupt message|handshake/i;
const DENIED = /permission denied/i;
const BODY_CHARACTERS_MAX = 200;
/** What Consul answers without a leader, and before it has noticed that the last one is gone. */
const NO_LEADER = new RegExp(
  "No cluster leader|not the leader|leadership lost|rpc error getting client|" +
    "rpc error making call: .*(EOF|stream closed|timeout|refused|reset)",
  "i",
);
/** Why Consul's servers do not know of an agent that runs, or of what it has. */
export const UNKNOWN_AGENT =
  "its own token needs node:write, and consul_server.datacenter has to be its own";
const MAJORITY = "a majority of Consul's servers has to run (consul operator raft list-peers)";
/** Consul's API answers with none of these, unless the caller expects it. */
const FOREIGN_STATUS = /^(3|404|405)/;

/**
 * Turns an error of the library into a failure.
 *
 * @param context.timeoutMs how long the answer was waited for
 */
export function failureOf(
  error: unknown,
  { config, timeoutMs }: { readonly config: FailureConfig; readonly timeoutMs: number },
): ConsulFailure {
  const { response } = answered.safeParse(error).data ?? {};
  const isSuccess = response && response.statusCode >= 200 && response.statusCode < 300;
  if (response && !isSuccess) {
    const refusal = refusalOf(response, config);
    return new ConsulFailure(refusal.kind, refusal, {
      statusCode: refusal.statusCode ?? response.statusCode,
      response: (error as Answer).response, // with its headers, which are no properties of its own
    });
  }
  if (isSuccess || error instanceof z.ZodError) return notConsul(error, config);
  const { message = String(error), code = "" } = error as { message?: string; code?: string };
  const agent = `a Consul agent at ${consulUrl(config)}`;
  if (/timed out/.test(message)) {
    return new ConsulFailure("timeout", {
      what: `expected an answer of ${agent} within ${timeoutMs} ms, found none`,
      remedy: "the agent or its servers hang",
    });
  }
  if (UNREACHABLE.has(code)) {
    return new ConsulFailure("unreachable", {
      what: `expected ${agent}, found ${message}`,
      remedy: "start the agent, or correct consul_server.addr",
    });
  }
  if (config.scheme === "https" && TLS.test(`${code} ${message}`)) {
    return tlsFailure(message, config);
  }
  return new ConsulFailure("closed", {
    what: `expected an answer of ${agent}, found ${message}`,
    remedy: "the agent has stopped, or has too many connections from here " +
      "(limits.http_max_conns_per_client)",
  });
}

const CONSUL: TlsPeer = {
  name: "Consul",
  section: "consul_server.tls_config",
  ownAuthority:
    "Consul's certificate is that of a CA: use it to sign one for the server (consul tls " +
    "cert create -server), or set consul_server.tls_config.insecure_skip_verify",
  nameExample: "server.dc1.consul",
  plain: "set consul_server.scheme: http, or take Consul's HTTPS port",
};

/** TLS to Consul could not be established. */
export function tlsFailure(found: string, config: FailureConfig): ConsulFailure {
  return new ConsulFailure("tls", {
    what: `expected a TLS connection to ${consulUrl(config)}, found ${found}`,
    remedy: tlsRemedy(found, config.tls ?? {}, CONSUL) ?? `see ${CONSUL.section}`,
  });
}

/** The answer was not one of Consul. */
export function notConsul(error: unknown, config: FailureConfig): ConsulFailure {
  const issue = error instanceof z.ZodError ? error.issues[0] : undefined;
  const at = issue?.path.length ? ` at ${issue.path.join(".")}` : "";
  const found = issue ? `${issue.message}${at}` : (error as Error).message;
  return new ConsulFailure("not Consul", {
    what: `expected an answer of Consul's API from ${consulUrl(config)}, found ${found}`,
    remedy: "correct consul_server.addr",
  });
}

/** A request that was not answered in time because there is no leader. */
export function leaderless(failure: ConsulFailure): ConsulFailure {
  const what = `${failure.what}, because Consul has no leader`;
  return new ConsulFailure("no leader", { what, remedy: MAJORITY }, failure);
}

/**
 * A request about a datacenter that does not exist.
 *
 * @param known the datacenters that exist
 */
export function noDatacenter(
  failure: ConsulFailure,
  { datacenter }: FailureConfig,
  known: readonly string[],
): ConsulFailure {
  const remedy = datacenterRemedy(datacenter, ` (${known.join(", ")})`);
  return new ConsulFailure("no datacenter", { what: failure.what, remedy }, failure);
}

/**
 * Consul leaves out what the token may not read. So an empty answer counts as refused where an answer
 * cannot be empty.
 */
export function nothingListed(what: string, path: string, config: FailureConfig): ConsulFailure {
  return new ConsulFailure(
    "forbidden",
    { what: `GET ${path}: expected ${what}, found none`, remedy: rightRemedy(path, config) },
    { statusCode: 403 },
  );
}

/** The token cannot be read from its file. */
export function noToken(file: string, found: string): ConsulFailure {
  return new ConsulFailure("token file", {
    what: `consul_server.token_file: ${found}, at ${file}`,
    remedy: "write the token there",
  });
}

/** Whether Consul knows the token, but refuses a right. */
export function isForbidden(error: unknown): boolean {
  return error instanceof ConsulFailure && error.kind === "forbidden";
}

/** Whether a call failed because Consul answered with this status. */
export function isStatus(error: unknown, status: number): boolean {
  return error instanceof Error && "statusCode" in error && error.statusCode === status;
}

/** The text of an answer, and the status that it counts as if that differs. */
interface Refusal {
  readonly kind: FailureKind;
  readonly what: string;
  readonly remedy: string;
  readonly statusCode?: number;
}

function refusalOf(
  { statusCode, body, req }: z.infer<typeof answered>["response"],
  config: FailureConfig,
): Refusal {
  // The library encodes each slash of a key.
  const path = req?.path.replace(/\?.*$/s, "").replaceAll(/%2F/gi, "/") ?? "";
  const text = bodyText(body);
  const what = `${req ? `${req.method} ${path}: ` : ""}expected status 200, found ${statusCode}` +
    (text && ` (${text})`);
  const refusal = (kind: FailureKind, remedy: string) => ({ kind, what, remedy });

  if (statusCode === 403 && /ACL not found/i.test(text)) {
    const why = "it has expired, was deleted, or belongs to another Consul";
    return refusal("unknown token", `Consul does not know ${tokenName(config)}: ${why}`);
  }
  // For a transaction Consul answers 409.
  if (statusCode === 403 || (statusCode === 409 && DENIED.test(text))) {
    return { ...refusal("forbidden", rightRemedy(path, config)), statusCode: 403 };
  }
  if (statusCode === 401) {
    return refusal("unauthorized", "correct consul_server.username and password");
  }
  if (/No path to datacenter/i.test(text)) {
    return refusal("no datacenter", datacenterRemedy(config.datacenter));
  }
  if (NO_LEADER.test(text)) return refusal("no leader", MAJORITY);
  if (/No known Consul servers/i.test(text)) {
    return refusal("no server", "the agent reaches no server: start one, or see its retry_join");
  }
  if (/Missing node registration/i.test(text)) {
    return refusal("no node", `Consul's catalogue lacks the agent: ${UNKNOWN_AGENT}`);
  }
  if (/HTTP request to an HTTPS server/.test(text)) {
    return refusal("tls", "set consul_server.scheme: https, or take Consul's HTTP port");
  }
  const remedy = FOREIGN_STATUS.test(`${statusCode}`)
    ? "is consul_server.addr the HTTP API of a Consul agent?"
    : "see the log of the agent";
  return refusal(`status ${statusCode}`, remedy);
}

function datacenterRemedy(datacenter: string | undefined, known = ""): string {
  const remedy = `write one that Consul knows${known}, or leave it out for that of the agent`;
  return `consul_server.datacenter is ${datacenter}: ${remedy}`;
}

function rightRemedy(path: string, config: FailureConfig): string {
  const rule = policyRules(config.serviceName)[rightFor(path)];
  return config.token || config.tokenFile
    ? `give ${tokenName(config)} the rule ${rule}`
    : `consul_server has no token: set token_file to one with the rule ${rule}`;
}

function tokenName({ tokenFile }: FailureConfig): string {
  return tokenFile === undefined ? "the token of consul_server" : `the token in ${tokenFile}`;
}

/** The first line of Consul's answer; for a transaction, the reason why it failed. */
function bodyText(body: unknown): string {
  const { Errors } = txnErrors.safeParse(body).data ?? {};
  const error = Errors?.find(({ What }) => DENIED.test(What)) ?? Errors?.[0];
  const text = error?.What ?? (body instanceof Uint8Array ? Buffer.from(body).toString() : body);
  if (typeof text !== "string") return "";
  return text.trim().split("\n", 1)[0].slice(0, BODY_CHARACTERS_MAX);
}
