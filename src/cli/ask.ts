/** Sends the requests of commands to the API of a running service. @module */

import { Agent, request } from "node:http";
import { text } from "node:stream/consumers";
import * as z from "zod";
import type { TlsConfig } from "../config/consul.ts";
import type { HttpClientConfig } from "../config/http_client.ts";
import { readTlsOptions } from "../config/tls_options.ts";
import { type TlsPeer, tlsRemedy } from "../config/tls_remedy.ts";
import { errorText } from "../log.ts";
import { withoutUserInfo } from "../member.ts";
import { connectByTls, handshakeFault } from "../tls_agent.ts";
import { basicAuthorization } from "../wire/basic_auth.ts";

/** A running service, and how to connect to it. */
export interface RunningService {
  /** For example `http://localhost:9292`. */
  readonly url: string;
  /** Absent: without a password, and with the runtime's certificate authorities. */
  readonly http?: HttpClientConfig;
}

/** A request to the API. */
interface Question<T> {
  readonly method?: string;
  readonly path: string;
  /** The shape of the answer's `data`. */
  readonly data: z.ZodType<T>;
}

const failure = z.object({ error: z.string() });
const HTTPS_PORT = 443;
/** Hints for statuses that may have several causes. */
const HINTS: Readonly<Record<number, string>> = {
  400: " (is it https?)",
  401: " (it needs basic_auth in the file of --http.config.file)",
  403: " (it needs --web.enable-admin-api)",
};

/**
 * Sends a request and reads the `data` of its answer.
 *
 * @throws {Error} if the service does not answer, refuses the request, or answers something else
 */
export async function ask<T>(
  { url: base, http = {} }: RunningService,
  { method = "GET", path, data }: Question<T>,
): Promise<T> {
  if (!/^https?:\/\//.test(base)) {
    throw new TypeError(`--url: expected a URL as in http://localhost:9292, found ${base}`);
  }
  const url = `${base.replace(/\/$/, "")}${path}`;
  const shown = withoutUserInfo(url);
  let answer: Answer;
  try {
    answer = await send(url, method, http);
  } catch (cause) {
    const found = errorText(cause);
    throw new Error(`no answer from ${withoutUserInfo(base)}: ${found} (${hintOf(found, http)})`);
  }
  const { status, text } = answer;
  const json = parseJson(text);
  if (status >= 300) {
    const { data: refusal } = failure.safeParse(json);
    const hint = HINTS[status] ?? "";
    if (refusal) throw new Error(`${shown} answered ${status}: ${refusal.error}${hint}`);
    throw new Error(
      `${shown}: expected dynamic-sharding, found ${status}: ${text.trim().slice(0, 80)}${hint}`,
    );
  }
  const parsed = z.object({ data }).safeParse(json);
  if (parsed.success) return parsed.data.data;
  throw new Error(`${shown}: expected dynamic-sharding, found ${z.prettifyError(parsed.error)}`);
}

const SERVICE: TlsPeer = {
  name: "the service",
  section: "tls_config",
  ownAuthority: "the certificate is one of a CA: tls_config.ca_file takes it, or sign one with it",
  nameExample: "the one that it was made for",
  plain: "is it http?",
};

/** Returns what may be wrong if there is no answer. */
function hintOf(found: string, { tls }: HttpClientConfig): string {
  const remedy = tlsRemedy(found, tls ?? {}, SERVICE);
  if (remedy) {
    return remedy.includes("tls_config") ? `${remedy}, in the file of --http.config.file` : remedy;
  }
  const isClosed = /hang up|reset|closed/i.test(found);
  const isWanted =
    "tls_config.cert_file and key_file are missing in the file of --http.config.file";
  if (tls && !tls.certFile && isClosed) return `does it want a client certificate? ${isWanted}`;
  return "is --url right?";
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

async function send(
  url: string,
  method: string,
  { basicAuth, tls }: HttpClientConfig,
): Promise<Answer> {
  const authorization = basicAuth && basicAuthorization({
    user: basicAuth.user,
    password: basicAuth.password.reveal(),
  });
  const headers = { accept: "application/json", ...(authorization && { authorization }) };
  if (tls && url.startsWith("https:")) return await sendSecurely(url, { method, headers, tls });
  const response = await fetch(url, { method, headers });
  return { status: response.status, text: await response.text() };
}

/**
 * Uses Node's client, because `fetch` cannot skip the verification, and does not accept a certificate that is
 * its own authority.
 */
async function sendSecurely(
  url: string,
  { method, headers, tls }: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly tls: TlsConfig;
  },
): Promise<Answer> {
  const target = new URL(url);
  const { host, hostname } = target;
  const port = Number(target.port || HTTPS_PORT);
  target.protocol = "http:";
  target.port = String(port);
  const options = {
    // Without a list it reads the system's authorities, which needs another permission.
    ca: [],
    ...await readTlsOptions(tls),
    host: hostname.replace(/^\[|\]$/g, ""), // without the brackets of an IPv6 address
    port,
  };
  const agent = new Agent();
  connectByTls(agent, () => options);
  try {
    return await new Promise<Answer>((resolve, reject) => {
      const sent = request(target, { method, headers: { host, ...headers }, agent }, (response) => {
        text(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
      });
      sent.on("error", reject);
      sent.end();
    });
  } catch (cause) {
    const fault = await handshakeFault(options);
    throw fault === undefined ? cause : new Error(fault, { cause });
  } finally {
    agent.destroy();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
