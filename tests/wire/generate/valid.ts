/** Requests that any server of HTTP/1.1 should take. @module */

import type { Random } from "../../../tools/random.ts";
import { chunks, type Draft, framed, withFields, without } from "./draft.ts";

const METHODS = ["PUT", "PUT", "PUT", "POST", "POST", "DELETE", "GET", "HEAD", "OPTIONS"];
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const TARGETS: readonly ((word: string) => string)[] = [
  (word) => `/metrics/job/${word}`,
  (word) => `/metrics/job/${word}/instance/a:9090`,
  (word) => `/metrics/job@base64/${word}?x=1&y=%2F`,
  (word) => `/${word}//./../;v=1,2/~'()*!$&+=@`,
  (word) => `/?${word}=?/`,
  (word) => `/%C3%A9%20${word}`,
];
const FIELDS = [
  "User-Agent: Go-http-client/1.1",
  "Accept: */*",
  "Accept-Encoding: gzip, deflate",
  "Content-Type: text/plain; version=0.0.4; charset=utf-8",
  "Authorization: Basic dXNlcjpwYXNz",
  'Cookie: a=b; c="d"',
  "X-Empty:",
  "X-Tight:value",
  "X-Loose: \t value \t ",
  "x_under-score.dot!#$%&'*+^`|~: odd name",
  'X-Quoted: "a\\"b, c"',
  "Date: Sun, 06 Nov 1994 08:49:37 GMT",
  "Accept: text/plain",
];

/** One of them: a push more often than not, any body, any framing. */
export function validRequest(random: Random): Draft {
  const draft = plainRequest(random);
  const drawn = random.next();
  if (drawn < 0.05) return { ...draft, target: `http://here:9091${draft.target}` };
  if (drawn < 0.08) return { ...lengthOnly(draft), version: "HTTP/1.0" };
  if (drawn < 0.11) {
    const kept = withFields(draft, "Connection: keep-alive");
    return { ...lengthOnly(kept), version: "HTTP/1.0" };
  }
  if (drawn < 0.14) return withFields(draft, "Connection: keep-alive");
  if (drawn < 0.15) return withFields(draft, `X-Long: ${"v".repeat(random.between(1, 60_000))}`);
  if (drawn < 0.16) {
    return withFields(draft, ...repeat(random.between(1, 300), (i) => `X-Many-${i}: ${i}`));
  }
  if (drawn < 0.2 && draft.payload !== "") return withFields(draft, "Expect: 100-continue");
  return draft;
}

/** A push that a Pushgateway takes: a `PUT` of one gauge. */
export function validPush(random: Random): Draft {
  const draft: Draft = {
    before: "",
    method: "PUT",
    target: `/metrics/job/wire/instance/${random.between(1, 50)}`,
    version: "HTTP/1.1",
    fields: ["Host: here", ...random.next() < 0.2 ? [random.pick(FIELDS.slice(0, 3))] : []],
    payload: `wire_gauge ${random.between(0, 999)}\n`,
    body: "",
  };
  return frame(draft, random);
}

function plainRequest(random: Random): Draft {
  const method = random.pick(METHODS);
  const draft: Draft = {
    before: "",
    method,
    target: random.pick(TARGETS)(word(random, random.between(1, 12))),
    version: "HTTP/1.1",
    fields: random.shuffle([
      random.pick(["Host: here", "host:here:9091", "HOST: 127.0.0.1:80 ", "Host: [::1]:9091"]),
      ...repeat(random.between(0, 4), () => random.pick(FIELDS)),
    ]),
    payload: "",
    body: "",
  };
  const bodiless = method === "PUT" || method === "POST" ? 0.1 : 0.9;
  if (random.next() < bodiless) return draft;
  const length = random.next() < 0.02 ? random.between(1, 30_000) : random.between(0, 60);
  return frame({ ...draft, payload: payload(random, length) }, random);
}

function frame(draft: Draft, random: Random): Draft {
  if (random.next() < 0.6) return framed(draft, draft.payload, lengthOf(draft));
  const trailers = random.next() < 0.2 ? "X-Trailer: a\r\nX-Other:b\r\n" : "";
  const extension = random.pick(["", "", "", ";a", ";a=b", ';name="a \\" b";c']);
  const body = chunks(draft.payload, random.between(1, 40), { extension, trailers });
  const name = random.pick(["Transfer-Encoding", "transfer-encoding"]);
  const more = trailers === "" ? [] : ["Trailer: X-Trailer"];
  return framed(draft, body, `${name}: ${random.pick(["chunked", "Chunked"])}`, ...more);
}

/** HTTP/1.0 has no chunks, and no 100 Continue. */
function lengthOnly(draft: Draft): Draft {
  return framed(without(draft, "trailer"), draft.payload, lengthOf(draft));
}

/** The field that says it. */
export function lengthOf({ payload }: Draft): string {
  return `Content-Length: ${payload.length}`;
}

/** As many as that. */
export function repeat<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function word(random: Random, length: number): string {
  return repeat(length, () => LETTERS[random.between(0, LETTERS.length - 1)]).join("");
}

/** Bytes of any value, or what looks like another request. */
function payload(random: Random, length: number): string {
  const drawn = random.next();
  if (drawn < 0.1) return "GET /inner HTTP/1.1\r\nHost: inner\r\n\r\n";
  if (drawn < 0.15) return "0\r\n\r\nGET /inner HTTP/1.1\r\nHost: inner\r\n\r\n";
  if (drawn < 0.5) return word(random, length);
  return String.fromCharCode(...repeat(length, () => random.between(0, 255)));
}
