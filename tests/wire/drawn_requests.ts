/** Requests that are drawn at random: good ones, odd ones, and some that were changed by a few bytes. @module */

import fc from "fast-check";
import { BAD, BAD_CHUNKS, GOOD, request } from "./requests.ts";

const LINES = [
  ...["GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "QUERY", "FOO", "P", "CONNECT", "PRI"],
  ...["SOURCE", "FLUSH", "M-SEARCH"],
];
const TARGETS = ["/", "/metrics/job/a", "/\xc3\xa4?\xff", "*", "http://b/c", "http://b?c", "x", ""];
const VERSIONS = [
  "HTTP/1.1",
  "HTTP/1.1",
  "HTTP/1.0",
  "HTTP/1.2",
  "HTTP/2.0",
  "RTSP/1.0",
  "http/1.1",
];
const FIELDS = [
  ...["Host: b", "host:", "Content-Length: 3", "Content-Length: 0", "content-length:5 "],
  ...["Transfer-Encoding: chunked", "Transfer-Encoding: gzip", "Transfer-Encoding:\tchunked\t"],
  ...["Expect: 100-continue", "Expect: x", "Connection: close", "Connection: keep-alive, x"],
  ...[
    "Connection: upgrade",
    "Upgrade: h2c",
    "X:",
    "X: \t",
    "X:  a \t b \t",
    "X: \xc3\xa0",
    "X: a\r\n b",
  ],
  ...["Content-Length : 3", "X", "Trailer: X"],
];
const BODIES = [
  "",
  "abc",
  "3\r\nabc\r\n0\r\n\r\n",
  '3;a="b"\r\nabc\r\n0\r\nX: y\r\n\r\n',
  "0\r\n\r\n",
  "\r\n",
];

const assembled = fc.tuple(
  fc.constantFrom("", "", "\r\n", "\r\n\r\n", "\n"),
  fc.constantFrom(...LINES),
  fc.constantFrom(" ", " ", " ", "  "),
  fc.constantFrom(...TARGETS),
  fc.constantFrom(...VERSIONS),
  fc.array(fc.constantFrom(...FIELDS), { maxLength: 4 }),
  fc.constantFrom(...BODIES),
).map(([before, method, space, target, version, fields, body]) => {
  const line = `${method} ${target}${space}${version}`;
  return before + request({ line, fields: ["X-First: 1", ...fields].join("\r\n") }, body);
});

/** Requests that are understood. */
export const goodRequests = fc.constantFrom(...GOOD.map(([, text]) => text));

const listed = fc.oneof(
  goodRequests,
  fc.constantFrom(...BAD.map(([, , text]) => text)),
  fc.constantFrom(...BAD_CHUNKS).map(([, chunks]) => request({ isChunked: true }, chunks)),
);

/** What changes the meaning of what is around it. */
const ODD_BYTES = [...'\r\n\t \0\x7f\x80\xa0\xff:;,/?#*%"x0A', "\r\n", "\r\n\r\n"];

const changes = fc.array(
  fc.record({
    at: fc.nat(400),
    removes: fc.constantFrom(0, 0, 1, 1, 2, 5),
    adds: fc.constantFrom("", ...ODD_BYTES),
  }),
  { maxLength: 2 },
);

const changed = fc.tuple(fc.oneof(listed, assembled), changes).map(([text, changes]) => {
  for (const { at, removes, adds } of changes) {
    const from = at % (text.length + 1);
    text = text.slice(0, from) + adds + text.slice(from + removes);
  }
  return text;
});

/** What a client may send over one connection, with a character for each byte. */
export const drawnRequests = fc.array(fc.oneof(listed, assembled, changed), {
  minLength: 1,
  maxLength: 3,
}).map((texts) => texts.join(""));
