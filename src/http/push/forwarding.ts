/** Which headers go on to a member, and which of its answer's come back. @module */

import type { Answer } from "../../pushgateway/client/answer.ts";
import { isBodiless } from "../../wire/message_bytes.ts";
import { headerValue } from "../../wire/headers.ts";
import { Reply } from "../message.ts";

/** Meant for one connection only: RFC 9110, 7.6.1, and what was used so before it. */
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
/** Those, and what the way to the member sets again. */
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
/** What would be read as something else by the client. */
const NOT_A_VALUE = /[\0\r\n]/;
/** How IPv4 is written over a socket of both families. */
const MAPPED = "::ffff:";

/**
 * The headers of a push for a member, names and values in turn.
 *
 * @param client the address that the push came from, added to `X-Forwarded-For`
 * @param credentials `own`: ours take the place of the client's, or none do
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

/** Whom headers come from, and whose credentials go on. */
interface Sender {
  readonly client: string;
  readonly credentials: "own" | "client";
}

/** What was asked for last. Clients send the same list again and again. */
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

/**
 * A member's answer for the client: status, body and headers as they are.
 *
 * @throws {RangeError} where HTTP has no such answer
 */
export function forwardAnswer({ status, headers, body }: Answer): Reply {
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
  return new Reply(status, body, forwarded);
}

/** The further hop-by-hop headers that `Connection` names. */
function namedBy(connection: string): Set<string> {
  return new Set(connection.toLowerCase().split(",").map((name) => name.trim()));
}

/** Headers without those of some names, which are in lower case. */
export function without(headers: readonly string[], dropped: ReadonlySet<string>): string[] {
  return headers.filter((_, i) => !dropped.has(headers[i - i % 2]));
}
