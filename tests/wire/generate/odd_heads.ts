/** What is odd about a head: request lines, targets, hosts, fields. @module */

import type { Random } from "../../../tools/random.ts";
import { type Draft, framed, withFields, without } from "./draft.ts";
import { repeat } from "./valid.ts";

/** Makes a request odd in one way. */
export type Oddity = (draft: Draft, random: Random) => Draft;

/** Before the request line, and in it. */
export const ODD_LINES: readonly Oddity[] = [
  (draft, random) => ({ ...draft, before: random.pick(["\r\n", "\n", "\r\n\r\n", "\n\r\n"]) }),
  (draft, random) => ({ ...draft, before: random.pick([" ", "\t", "\r", " \r\n"]) }),
  (draft, random) => ({
    ...draft,
    version: random.pick(["http/1.1", "HTTP/1.2", "HTTP/1.9", "HTTP/2.0", "HTTP/0.9", "HTTP/3.0"]),
  }),
  (draft, random) => ({
    ...draft,
    version: random.pick([
      "HTTP/1.10",
      "HTTP/11",
      "HTTP/1",
      "HTTPS/1.1",
      "HTTP/1.1 ",
      "",
      "HTTP/a.b",
    ]),
  }),
  (draft, random) => ({ ...draft, method: random.pick(["get", "Put", "FETCH", "X", "M-SEARCH"]) }),
  (draft, random) => ({ ...draft, method: random.pick(["", "P(T", "G\xcbT", "PUT\t", "{}"]) }),
  (draft, random) => ({ ...draft, method: random.pick(["PATCH", "TRACE", "PROPFIND", "QUERY"]) }),
  (draft) => ({ ...plain(draft), method: "CONNECT", target: "here:443" }),
  (draft) => ({ ...plain(draft), method: "CONNECT", target: "/path" }),
  (draft) => ({ ...plain(draft), method: "OPTIONS", target: "*" }),
  (draft) =>
    withFields({ ...plain(draft), method: "OPTIONS", target: "*" }, "Content-Length: 10000000"),
  (draft) => ({ ...draft, target: "*" }),
  (draft) => ({
    ...plain(draft),
    method: "PRI",
    target: "*",
    version: "HTTP/2.0",
    fields: [],
    body: "SM\r\n\r\n",
  }),
  (draft, random) => ({
    ...draft,
    target: `${draft.target}${random.pick(["\xe9", "\xc3\xa9", "\xff"])}`,
  }),
  (draft, random) => ({ ...draft, target: `${draft.target}${random.pick([...'"<>\\^`{|}[]'])}` }),
  (draft, random) => ({
    ...draft,
    target: `${draft.target}${random.pick(["\x01", "\x7f", "\0"])}`,
  }),
  (draft, random) => ({ ...draft, target: `/a${random.pick(["%", "%2", "%zz", "?%zz"])}` }),
  (draft) => ({ ...draft, target: `${draft.target}#fragment` }),
  (draft, random) => ({ ...draft, target: random.pick(["relative", "", "?a=b", "here:80", ":"]) }),
  (draft, random) => ({ ...draft, target: random.pick([" /a", "/a ", "\t/a", "/a b", "/a\tb"]) }),
  (draft, random) => ({
    ...draft,
    target: random.pick(["HTTP://here/a", "https://here/a", "ftp://here/a", "urn:a", "//here/a"]),
  }),
  (draft, random) => ({
    ...draft,
    target: random.pick([
      "http://user@here/a",
      "http:///a",
      "http://he re/a",
      "http://here",
      "http://here?a",
      "http://here:port/a",
      "http:/a",
    ]),
  }),
];

/** Which host is meant. */
export const ODD_HOSTS: readonly Oddity[] = [
  (draft) => without(draft, "host"),
  (draft) => ({ ...without(draft, "host"), version: "HTTP/1.0" }),
  (draft) => host(draft, ""),
  (draft) => withFields(draft, "Host: here"),
  (draft) => withFields(draft, "Host: elsewhere"),
  (draft, random) =>
    host(draft, random.pick(["here/path", "user@here", "he re", "here, there", "<>"])),
  (draft, random) =>
    host(draft, random.pick(["here:", "here:port", "here:1:2", "[::1", ":80", "a,b"])),
  (draft, random) => host(draft, random.pick(["h\xe9re", "HERE", "here.", "%41", "a_b"])),
];

/** Fields, and the lines that they stand in. */
export const ODD_FIELDS: readonly Oddity[] = [
  (draft) => withFields(draft, "X-Twice: a", "x-twice: a", "X-TWICE: b"),
  (draft, random) =>
    withFields(draft, random.pick(["X-Fold: a\r\n b", "X-Fold:\r\n\tb", "X-F: a\r\n "])),
  (draft, random) =>
    withFields(draft, random.pick(["X-LF: a\nX-LF: b", "X-LF: a\n\tb", "X-LF: a\n"])),
  (draft, random) =>
    withFields(draft, random.pick(["X-CR: a\rb", "X-CR: a\r", "X-CR: \r", "X\rCR: a"])),
  (draft, random) => withFields(draft, random.pick(["X-S : a", "X-T\t: a", "X S: a", "\x01: a"])),
  (draft) => withFields(draft, ": without a name"),
  (draft, random) => withFields(draft, random.pick(["no colon", "=", "no/colon HTTP/1.1"])),
  (draft, random) => ({ ...draft, fields: [random.pick([" ", "\t", " X: y"]), ...draft.fields] }),
  (draft, random) => withFields(draft, `X-Bytes: ${random.pick(["\xe9", "\x80\xff", "\xc3\xa9"])}`),
  (draft, random) =>
    withFields(draft, `X-Control: a${random.pick(["\0", "\x01", "\x1f", "\x7f"])}b`),
  (draft, random) => withFields(draft, `X-${random.pick(["\xe9", "\x80", "(", '"', "@"])}: a`),
  (draft) => withFields(draft, "X-Form: a\x0cb\x0b"),
  (draft, random) =>
    withFields(draft, random.pick(["X-Long-Tail: a\t \t ", "X-Blank: \t ", "X-C::a:"])),
  (draft, random) =>
    withFields(draft, `Expect: ${random.pick(["200-ok", "continue", "100-continue-now"])}`),
  (draft, random) =>
    withFields(draft, `Expect: ${random.pick(["100-Continue", "100-continue, a=b", ""])}`),
  (draft) => ({ ...withFields(draft, "Expect: 100-continue"), version: "HTTP/1.0" }),
  (draft) => ({ ...withFields(draft, "Expect: something"), version: "HTTP/1.0" }),
  (draft) => withFields(plain(draft), "Expect: 100-continue"),
  (draft) => withFields(draft, "Expect: 100-continue", "Expect: 100-continue"),
  (draft, random) => withFields(draft, `Connection: ${random.pick(CONNECTIONS)}`),
  (draft) => withFields(draft, "Connection: keep-alive", "Connection: close"),
  (draft) => ({
    ...withFields(draft, "Connection: x-other", "Connection: keep-alive"),
    version: "HTTP/1.0",
  }),
  (draft, random) => ({
    ...withFields(draft, `Connection: ${random.pick(CONNECTIONS)}`),
    version: "HTTP/1.0",
  }),
  (draft) =>
    withFields(draft, "Connection: upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"),
  (draft) =>
    withFields(
      draft,
      "Connection: Upgrade, HTTP2-Settings",
      "Upgrade: h2c",
      "HTTP2-Settings: AAMAAABk",
    ),
  (draft) => withFields(draft, "Upgrade: TLS/1.0, HTTP/1.1"),
  (draft, random) =>
    withFields(draft, ...repeat(random.between(100, 1_500), (i) => `X-${i}: ${i}`)),
];

/** A head about as large as servers take it, or somewhat larger. */
export const largeHead: Oddity = (draft, random) => {
  const length = random.pick([
    random.between(100_000, 1_000_000),
    random.between(2 ** 20 + 2_000, 2 ** 20 + 9_000),
    random.between(2 ** 20 + 3_500, 2 ** 20 + 6_500),
    random.between(2 ** 20 + 10_000, 2 ** 20 + 100_000),
  ]);
  return withFields(draft, `X-Large: ${"v".repeat(length)}`);
};

const CONNECTIONS = [
  "close, keep-alive",
  "keep-alive, close",
  ", close",
  "close,",
  "CLOSE",
  "close;a=b",
  '"close"',
  "closed",
  "x-close",
  "",
  "@",
  "upgrade",
  "keep-alive, upgrade",
  "Keep-Alive",
  "close\t, x",
  "content-length",
];

function host(draft: Draft, name: string): Draft {
  return withFields(without(draft, "host"), `Host: ${name}`);
}

/** Without a body. */
function plain(draft: Draft): Draft {
  return framed({ ...without(draft, "expect", "trailer"), payload: "" }, "");
}
