/** Decides which headers go to a member, and which headers of its answer go to the client. @module */

import type { Answer } from "../../pushgateway/client/answer.ts";
import { isBodiless } from "../../wire/message_bytes.ts";
import { headerValue } from "../../wire/headers.ts";
import { RecurringReply, Reply } from "../message.ts";

/** Headers for one connection only: those of RFC 9110, 7.6.1, and those in use before it. */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
/** Headers that are not forwarded: those above, and those that are set anew for the member. */
const NOT_FORWARDED = new Set([
  ...HOP_BY_HOP,
  "host",
  "content-length",
  "expect",
  "x-forwarded-for",
]);
const FINAL_MIN = 200;
const STATUS_MAX = 599;
const RESET_CONTENT = 205;
/** Characters that the client would read as something else. */
const NOT_A_VALUE = /[\0\r\n]/;
/** The prefix of an IPv4 address on a socket for both IPv4 and IPv6. */
const MAPPED = "::ffff:";

/**
 * Returns the headers of a push for a member, names and values in turn.
 *
 * @param client the address that the push came from, added to `X-Forwarded-For`
 * @param credentials `own`: the client's are left out, and ours, if any, are sent instead
 */
export function forwardHeaders(
  headers: readonly string[],
  { client, credentials }: Sender,
): readonly string[] {
  const isLast = last.headers === headers && last.client === client &&
    last.credentials === credentials;
  if (!isLast) {
    last = { headers, client, credentials, forwarded: forward(headers, { client, credentials }) };
  }
  return last.forwarded;
}

/** Where headers come from, and whose credentials are sent. */
interface Sender {
  readonly client: string;
  readonly credentials: "own" | "client";
}

/** The last result. Clients send the same list again and again. */
let last: Sender & { headers: readonly string[]; forwarded: readonly string[] } = {
  headers: [],
  client: "",
  credentials: "own",
  forwarded: [],
};

function forward(headers: readonly string[], { client, credentials }: Sender): readonly string[] {
  const forwarded: string[] = [];
  let [connection, before] = ["", ""];
  for (let i = 0; i < headers.length; i += 2) {
    const [name, value] = [headers[i], headers[i + 1]];
    if (name === "connection") connection += `${value},`;
    else if (name === "x-forwarded-for") before += `${value}, `;
    else if (name === "authorization" && credentials === "own") continue;
    else if (!NOT_FORWARDED.has(name)) forwarded.push(name, value);
  }
  const kept = connection === "" ? forwarded : without(forwarded, namedBy(connection));
  const mapped = client.startsWith(MAPPED) && client.includes(".");
  const address = mapped ? client.slice(MAPPED.length) : client;
  kept.push("x-forwarded-for", before + address);
  return kept;
}

/** Replies that were made before. Answers that are recognized by their bytes come as the same object. */
const replies = new WeakMap<Answer, Reply>();

/**
 * Returns a member's answer for the client, with status, body and headers unchanged.
 *
 * @throws {RangeError} if the answer is not valid in HTTP
 */
export function forwardAnswer(answer: Answer): Reply {
  if (answer.body.length > 0) {
    return new Reply(answer.status, answer.body, forwardedHeaders(answer));
  }
  let reply = replies.get(answer);
  if (!reply) {
    reply = new RecurringReply(answer.status, answer.body, forwardedHeaders(answer));
    replies.set(answer, reply);
  }
  return reply;
}

/** Checks an answer, and returns its headers for the client. */
function forwardedHeaders({ status, headers, body }: Answer): readonly string[] {
  if (status < FINAL_MIN || status > STATUS_MAX) {
    throw new RangeError(`expected a status from ${FINAL_MIN} to ${STATUS_MAX}`);
  }
  if (body.length > 0 && (isBodiless(status) || status === RESET_CONTENT)) {
    throw new RangeError(`expected no body, found ${body.length} bytes`);
  }
  const connection = headerValue(headers, "connection");
  const dropped = connection === undefined ? undefined : namedBy(connection);
  const forwarded: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i].toLowerCase();
    if (HOP_BY_HOP.has(name) || name === "content-length" || dropped?.has(name)) continue;
    if (NOT_A_VALUE.test(headers[i + 1])) throw new RangeError(`its header ${name} is not valid`);
    forwarded.push(name, headers[i + 1]);
  }
  return forwarded;
}

/** Returns the further hop-by-hop headers that `Connection` names. */
function namedBy(connection: string): Set<string> {
  return new Set(connection.toLowerCase().split(",").map((name) => name.trim()));
}

/** Returns headers without those of some names, which are in lower case. */
export function without(headers: readonly string[], dropped: ReadonlySet<string>): string[] {
  return headers.filter((_, i) => !dropped.has(headers[i - i % 2]));
}
