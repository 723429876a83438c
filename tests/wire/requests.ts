/** Requests, and what is to be understood of each. @module */

import type { Refusal, RequestHead } from "../../src/wire/request_head.ts";

/** What stands in the head, or why there is none; and the body with a character for each byte. */
export type Understood = Partial<RequestHead> & { readonly body?: string };

/** Requests that are understood, as a client writes them. */
export const GOOD: readonly (readonly [what: string, text: string, understood: Understood])[] = [
  ["a GET", request(), {
    method: "GET",
    target: "/",
    headers: ["host", "a"],
    version: "1.1",
    keepsAlive: true,
    bodyLength: 0,
    expectsContinue: false,
  }],
  ["a push with a length", request({ line: "PUT /metrics/job/a HTTP/1.1", length: 3 }, "x 1"), {
    method: "PUT",
    target: "/metrics/job/a",
    headers: ["host", "a", "content-length", "3"],
    bodyLength: 3,
    body: "x 1",
  }],
  ["a length with blanks around it", request({ fields: "Content-Length: \t 3  " }, "x 1"), {
    bodyLength: 3,
    body: "x 1",
  }],
  ["a length with zeros before it", request({ fields: "Content-Length: 003" }, "x 1"), {
    bodyLength: 3,
    body: "x 1",
  }],
  ["a length of 0 that expects 100-continue", request({ length: 0, fields: expect() }), {
    bodyLength: 0,
    expectsContinue: false,
  }],
  [
    "a body that expects 100-continue",
    request({ length: 1, fields: expect("100-CONTINUE") }, "a"),
    {
      expectsContinue: true,
      body: "a",
    },
  ],
  [
    "a body in HTTP/1.0 that expects 100-continue",
    request({ line: "PUT / HTTP/1.0", length: 1, fields: expect() }, "a"),
    { expectsContinue: false, body: "a" },
  ],
  ["HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", { version: "1.0", keepsAlive: false, headers: [] }],
  [
    "HTTP/1.0 that keeps its connection",
    "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
    { version: "1.0", keepsAlive: true },
  ],
  [
    "HTTP/1.0 that says both of its connection",
    "GET / HTTP/1.0\r\nConnection: keep-alive\r\nConnection: x, close\r\n\r\n",
    { keepsAlive: false },
  ],
  ["HTTP/1.1 that closes", request({ fields: "Connection: Close" }), { keepsAlive: false }],
  ["close in a list", request({ fields: "Connection: te,\tclose, x" }), { keepsAlive: false }],
  ["close with a tab behind it", request({ fields: "Connection: close\t" }), {
    keepsAlive: false,
  }],
  ["an option that begins with close", request({ fields: "Connection: closed" }), {
    keepsAlive: true,
  }],
  ["a host with a port", request({ host: "a.b:9091" }), { headers: ["host", "a.b:9091"] }],
  ["a host with an empty port", request({ host: "a:" }), { headers: ["host", "a:"] }],
  ["an IPv6 address", request({ host: "[::1]" }), { headers: ["host", "[::1]"] }],
  ["an IPv6 address and a port", request({ host: "[fe80::1]:80" }), {}],
  ["a host with a percent-encoded byte", request({ host: "%c3%A4.x" }), {}],
  ["a host in HTTP/1.0", request({ line: "GET / HTTP/1.0" }), { headers: ["host", "a"] }],
  ["a body in chunks", request({ isChunked: true }, "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"), {
    bodyLength: "chunked",
    body: "abc0123456789",
  }],
  ["a body without any chunk", request({ isChunked: true }, "0\r\n\r\n"), { body: "" }],
  [
    "zeros before the length of a chunk",
    request({ isChunked: true }, "0003\r\nabc\r\n000\r\n\r\n"),
    {
      body: "abc",
    },
  ],
  [
    "chunks with extensions",
    request({ isChunked: true }, '3;a;b=c;d="e;\\"f"\r\nabc\r\n0;x=y\r\n\r\n'),
    { body: "abc", headers: ["host", "a", "transfer-encoding", "chunked"] },
  ],
  [
    "trailers, which are no headers",
    request({ isChunked: true }, "3\r\nabc\r\n0\r\nX: y\r\nHost: b\r\nConnection: close\r\n\r\n"),
    { body: "abc", headers: ["host", "a", "transfer-encoding", "chunked"], keepsAlive: true },
  ],
  [
    "a coding in other letters, with blanks around it",
    request({ fields: "Transfer-Encoding: \tChunKed " }, "0\r\n\r\n"),
    { bodyLength: "chunked" },
  ],
  ["http://host/path", request({ line: "GET http://b:1/x/y?z=1 HTTP/1.1" }), {
    target: "/x/y?z=1",
    headers: ["host", "a"],
  }],
  ["HTTPS://host", request({ line: "GET HTTPS://[::1] HTTP/1.1" }), { target: "/" }],
  ["http://host?query", request({ line: "GET http://b?c://d/@e HTTP/1.1" }), {
    target: "/?c://d/@e",
  }],
  ["OPTIONS *", request({ line: "OPTIONS * HTTP/1.1" }), { method: "OPTIONS", target: "*" }],
  ["two slashes", request({ line: "GET //b/c HTTP/1.1" }), { target: "//b/c" }],
  [
    "whatever is visible in a target",
    request({ line: "GET /!\"$%&'()*+,-.:;<=>@[\\]^_`{|}~?/?x HTTP/1.1" }),
    { target: "/!\"$%&'()*+,-.:;<=>@[\\]^_`{|}~?/?x" },
  ],
  ["bytes beyond ASCII", request({ line: "PUT /\xc3\xa4/\x80?\xff HTTP/1.1" }), {
    target: "/%C3%A4/%80?%FF",
  }],
  [
    "bytes beyond ASCII in the path of http://host/path",
    request({ line: "PUT http://b/\xe4 HTTP/1.1" }),
    { target: "/%E4" },
  ],
  [
    "bytes beyond ASCII behind empty lines, and in values",
    `\r\n${request({ line: "PUT /\xc3\xa4 HTTP/1.1", fields: "X: \xc3\xa0\r\nY: \xff" })}`,
    { target: "/%C3%A4", headers: ["host", "a", "x", "\xc3\xa0", "y", "\xff"] },
  ],
  ["empty lines before it", `\r\n\r\n${request()}`, { headers: ["host", "a"] }],
  [
    "blanks around values, and none",
    request({ fields: "X: \t a\tb \t \r\nY:z\r\nEmpty:\r\nBlank:  \t\r\nHost2: \xa0" }),
    { headers: ["host", "a", "x", "a\tb", "y", "z", "empty", "", "blank", "", "host2", "\xa0"] },
  ],
  [
    "headers of one name",
    request({ fields: "Accept: a\r\naccept: b\r\nACCEPT:" }),
    { headers: ["host", "a", "accept", "a", "accept", "b", "accept", ""] },
  ],
  ["any character of a token in a name", request({ fields: "!#$%&'*+-.^_`|~0aZ: b" }), {
    headers: ["host", "a", "!#$%&'*+-.^_`|~0az", "b"],
  }],
  [
    "the offer of another protocol",
    request({
      length: 1,
      fields: "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA",
    }, "a"),
    { keepsAlive: true, body: "a" },
  ],
  [
    "the offer of another protocol with a body in chunks",
    request(
      { isChunked: true, fields: "Connection: Upgrade\r\nUpgrade: h2c" },
      "1\r\na\r\n0\r\n\r\n",
    ),
    { keepsAlive: true, body: "a" },
  ],
];

/** Requests that are refused. A body that is refused has a head that was understood. */
export const BAD: readonly (readonly [what: string, status: Refusal["refused"], text: string])[] = [
  ["no host", 400, "GET / HTTP/1.1\r\n\r\n"],
  ["two hosts", 400, request({ fields: "Host: a" })],
  ["two hosts in HTTP/1.0", 400, request({ line: "GET / HTTP/1.0", fields: "Host: a" })],
  ...[
    "",
    ":80",
    "a b",
    "a, b",
    "u@a",
    "a/b",
    "a:b",
    "a:1:2",
    "::1",
    "[::1",
    "[a]b",
    "%4",
    "\xe4",
    "a#",
  ]
    .map((host) => [`the host ${JSON.stringify(host)}`, 400, request({ host })] as const),
  ["a bad host in HTTP/1.0", 400, request({ line: "GET / HTTP/1.0", host: "a b" })],
  ["a bad host beside http://host", 400, request({ line: "GET http://b/ HTTP/1.1", host: "a b" })],
  ["http://host without a Host", 400, "GET http://b/ HTTP/1.1\r\n\r\n"],

  ["a length and a coding", 400, request({ length: 3, isChunked: true }, "0\r\n\r\n")],
  [
    "a coding and a length",
    400,
    request({
      fields: "Transfer-Encoding: chunked\r\nContent-Length: 3",
    }),
  ],
  ["a length of 0 and a coding", 400, request({ length: 0, isChunked: true }, "0\r\n\r\n")],
  ["another coding and a length", 400, request({ length: 3, fields: "Transfer-Encoding: gzip" })],
  ["a length that is said twice", 400, request({ length: 3, fields: "Content-Length: 3" }, "abc")],
  ["two lengths", 400, request({ length: 3, fields: "Content-Length: 4" }, "abcd")],
  ...["", "-1", "+1", "1.0", "0x1", "1 1", "1,1", "1, 1", "a", "\xb2", "18446744073709551616"].map((
    length,
  ) => [`the length ${JSON.stringify(length)}`, 400, request({ length })] as const),
  ...["gzip", "gzip, chunked", "identity", "", "chunked;q=1", "xchunked", "chunked x"].map((
    coding,
  ) =>
    [
      `the coding ${JSON.stringify(coding)}`,
      501,
      request({ fields: `Transfer-Encoding: ${coding}` }, "0\r\n\r\n"),
    ] as const
  ),
  [
    "chunked before the last coding",
    400,
    request({
      fields: "Transfer-Encoding: chunked, gzip",
    }),
  ],
  ["chunked twice", 400, request({ isChunked: true, fields: "Transfer-Encoding: chunked" })],
  [
    "two codings in two headers",
    400,
    request({
      fields: "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
    }),
  ],
  ["a coding in HTTP/1.0", 400, request({ line: "PUT / HTTP/1.0", isChunked: true })],

  ["another expectation", 417, request({ fields: expect("200-ok") })],
  ["another expectation behind one", 417, request({ fields: `${expect()}\r\n${expect("x")}` })],
  [
    "another expectation in HTTP/1.0",
    417,
    request({
      line: "PUT / HTTP/1.0",
      fields: expect("x"),
    }),
  ],
  ["no expectation in an Expect", 417, request({ fields: expect("") })],

  ...[
    "FOO",
    "get",
    "GE",
    "GETT",
    "P",
    "PROPFINDX",
    "PURGE2",
    "DESCRIBE",
    "FLUSH",
    "!#$%&'*+-.^_`|~",
  ]
    .map((method) =>
      [
        `the method ${method}`,
        501,
        request({ line: `${method} / HTTP/1.1` }),
      ] as const
    ),
  ["an unknown method behind empty lines", 501, `\r\n${request({ line: "FOO / HTTP/1.1" })}`],
  ["CONNECT", 501, request({ line: "CONNECT a:80 HTTP/1.1" })],
  ["CONNECT to a path", 501, request({ line: "CONNECT / HTTP/1.1" })],
  ["no method", 400, request({ line: " / HTTP/1.1" })],
  ["a method that is no token", 400, request({ line: "G(T / HTTP/1.1" })],
  ["a method beyond ASCII", 400, request({ line: "G\xc4T / HTTP/1.1" })],

  ...["HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/3.0"].map((version) =>
    [
      version,
      505,
      request({ line: `GET / ${version}` }),
    ] as const
  ),
  ["the preface of HTTP/2", 505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ...[
    "http/1.1",
    "HTTP/1",
    "HTTP/1.",
    "HTTP/11",
    "HTTP/1.10",
    "HTTP/01.1",
    "HTTP /1.1",
    "RTSP/1.0",
    "HTTPS/1.1",
    "",
  ].map((version) =>
    [
      `the version ${JSON.stringify(version)}`,
      400,
      request({ line: `GET / ${version}` }),
    ] as const
  ),
  ["no version", 400, request({ line: "GET /" })],
  ["RTSP", 400, "OPTIONS / RTSP/1.0\r\n\r\n"],
  ["ICE", 400, "SOURCE / ICE/1.0\r\n\r\n"],

  ...[
    "*",
    "x",
    "a/b",
    "?x",
    "a:80",
    "ftp://a/",
    "http:/a",
    "http:///a",
    "http://",
    "http://u@a/",
    "http://u:p@a/",
    "http://a b/",
    "http://a:b/",
    "http://\xe4/",
    "\xe4",
    "",
  ].map((target) =>
    [
      `the target ${JSON.stringify(target)}`,
      400,
      request({ line: `GET ${target} HTTP/1.1` }),
    ] as const
  ),
  ["OPTIONS **", 400, request({ line: "OPTIONS ** HTTP/1.1" })],
  ...[..."\0\x01\b\t\n\v\f\r\x1b\x7f"].flatMap((control) => {
    const name = JSON.stringify(control);
    return [
      [`${name} in a method`, 400, request({ line: `G${control}T / HTTP/1.1` })],
      [`${name} in a target`, 400, request({ line: `GET /a${control}b HTTP/1.1` })],
      [`${name} in a query`, 400, request({ line: `GET /?${control} HTTP/1.1` })],
      [`${name} in a version`, 400, request({ line: `GET / HTTP/${control}1.1` })],
      [`${name} in the name of a header`, 400, request({ fields: `X${control}Y: a` })],
      ...(control === "\t"
        ? []
        : [[`${name} in a value`, 400, request({ fields: `X: a${control}b` })] as const]),
    ] as const;
  }),

  ["two spaces behind the method", 400, request({ line: "GET  / HTTP/1.1" })],
  ["two spaces behind the target", 400, request({ line: "GET /  HTTP/1.1" })],
  ["two spaces around a target beyond ASCII", 400, request({ line: "GET /\xe4  HTTP/1.1" })],
  ["a space behind the version", 400, request({ line: "GET / HTTP/1.1 " })],
  ["a space before the method", 400, request({ line: " GET / HTTP/1.1" })],
  ["a space in the target", 400, request({ line: "GET /a b HTTP/1.1" })],
  ["a byte beyond ASCII behind the version", 400, request({ line: "GET /\xe4 HTTP/1.1\xe4" })],
  ["a line feed before it", 400, `\n${request()}`],
  ["a carriage return before it", 400, `\r${request()}`],
  ["a space in an empty line before it", 400, ` \r\n${request()}`],

  ["a space before a colon", 400, request({ fields: "X : a" })],
  ["a tab before a colon", 400, request({ fields: "X\t: a" })],
  ["a space in the name of a header", 400, request({ fields: "X Y: a" })],
  ["a header without a colon", 400, request({ fields: "X" })],
  ["a header without a name", 400, request({ fields: ": a" })],
  ["a name beyond ASCII", 400, request({ fields: "\xe4: a" })],
  ["a first header that is folded", 400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"],
  ["a value that is folded", 400, request({ fields: "X: a\r\n b" })],
  ["a value that is folded with a tab", 400, request({ fields: "X: a\r\n\tb" })],
  ["an empty value that is folded", 400, request({ fields: "X:\r\n b" })],
  ["a length that is folded", 400, request({ fields: "Content-Length: 1\r\n 2" })],
  [
    "an option of the connection that is folded",
    400,
    request({ fields: "Connection: a\r\n close" }),
  ],
  ["a line feed behind the request line", 400, "GET / HTTP/1.1\nHost: a\r\n\r\n"],
  ["a line feed behind a header", 400, "GET / HTTP/1.1\r\nHost: a\n\r\n"],
  ["a line feed behind an empty header", 400, "GET / HTTP/1.1\r\nHost: a\r\nX:\n\r\n"],
  ["a line feed behind a length", 400, "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\n\r\n"],
  ["a line feed that ends the head", 400, "GET / HTTP/1.1\r\nHost: a\r\n\n"],
  ["a carriage return behind a header", 400, "GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n"],
  ["two carriage returns behind a header", 400, "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n"],
];

/** Bodies in chunks that are refused, and what is understood before. */
export const BAD_CHUNKS: readonly (readonly [what: string, text: string, before: string])[] = [
  ["an empty line", "\r\n", ""],
  ["a length that is none", "x\r\nabc\r\n0\r\n\r\n", ""],
  ["a negative length", "-3\r\nabc\r\n0\r\n\r\n", ""],
  ["a length with 0x", "0x3\r\nabc\r\n0\r\n\r\n", ""],
  ["a length of 2^64", "10000000000000000\r\nabc\r\n0\r\n\r\n", ""],
  ["a space before the length", " 3\r\nabc\r\n0\r\n\r\n", ""],
  ["no length before an extension", ";a\r\nabc\r\n0\r\n\r\n", ""],
  ["a line feed behind the length", "3\nabc\r\n0\r\n\r\n", ""],
  ["a carriage return behind the length", "3\rabc\r\n0\r\n\r\n", ""],
  ["a line feed behind an extension", "3;a\nabc\r\n0\r\n\r\n", ""],
  ["a carriage return in an extension", "3;a\rb\r\nabc\r\n0\r\n\r\n", ""],
  ["a line feed in a quoted extension", '3;a="\n"\r\nabc\r\n0\r\n\r\n', ""],
  ["more than the length says", "3\r\nabcd\r\n0\r\n\r\n", "abc"],
  ["less than the length says", "3\r\nab\r\n0\r\n\r\n", "ab\r"],
  ["a line feed behind the data", "3\r\nabc\n0\r\n\r\n", "abc"],
  ["no line end behind the data", "3\r\nabc0\r\n\r\n", "abc"],
  ["a trailer without a colon", "3\r\nabc\r\n0\r\nX\r\n\r\n", "abc"],
  ["a trailer with a space before its colon", "3\r\nabc\r\n0\r\nX : y\r\n\r\n", "abc"],
  ["a folded trailer", "3\r\nabc\r\n0\r\nX: y\r\n z\r\n\r\n", "abc"],
  ["a line feed behind a trailer", "3\r\nabc\r\n0\r\nX: y\nZ: z\r\n\r\n", "abc"],
  ["a length in a trailer", "3\r\nabc\r\n0\r\nContent-Length: 3\r\n\r\n", "abc"],
  ["a coding in a trailer", "3\r\nabc\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n", "abc"],
];

interface Parts {
  readonly line?: string;
  readonly host?: string;
  readonly length?: number | string;
  readonly isChunked?: boolean;
  /** More lines, with no line end behind the last. */
  readonly fields?: string;
}

/** Writes a request. */
export function request(
  { line = "GET / HTTP/1.1", host = "a", length, isChunked, fields }: Parts = {},
  body = "",
): string {
  const lines = [line, `Host: ${host}`];
  if (length !== undefined) lines.push(`Content-Length: ${length}`);
  if (isChunked) lines.push("Transfer-Encoding: chunked");
  if (fields !== undefined) lines.push(fields);
  return `${lines.join("\r\n")}\r\n\r\n${body}`;
}

function expect(what = "100-continue"): string {
  return `Expect: ${what}`;
}
