/**
 * How our server differs from Go's net/http (1.19), and why. It is the stricter one: whoever stands in
 * front of us may read what is ambiguous in another way, so it is refused. Sections are of RFC 9112
 * where nothing else is said.
 *
 * @module
 */

import { readChunked } from "./chunked_text.ts";
import type { Difference } from "./compare.ts";
import type { Expected } from "./expected.ts";
import { isChunked, type RequestText, valuesOf } from "./request_text.ts";

/** About the request that the servers differ in. */
export const about = (holds: (request: RequestText) => boolean) => ({ request }: Difference) =>
  holds(request);

/** The parts of the request line, whatever is in them. */
function partsOf({ line }: RequestText) {
  const [first, last] = [line.indexOf(" "), line.lastIndexOf(" ")];
  const method = line.slice(0, Math.max(first, 0));
  return { method, target: line.slice(first + 1, last), version: line.slice(last + 1) };
}

const isHttp10 = (request: RequestText) => partsOf(request).version === "HTTP/1.0";
const has = (request: RequestText, name: string) => valuesOf(request, name).length > 0;

const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** A host and a port. */
export const HOST = /^(\[[0-9a-f:.]+\]|([a-z0-9._~!$&'()*+,;=-]|%[0-9a-f]{2})*)(:\d*)?$/i;
const ORIGIN_OR_ABSOLUTE = /^(\/|https?:\/\/[^/?#@]+([/?]|$))[^#]*$/i;

/** As Go has it: 1 MiB, and as much as it reads at once. */
const HEAD_BYTES_MAX = 2 ** 20 + 4_096;
/** Go counts what it has read, which may be so much more, or none of what was read before. */
const HEAD_BYTES_SLACK = 8_192;
/** Of a line of a chunk, or of all trailers, in Go. */
const CHUNK_LINE_BYTES_MAX = 4_000;

/** Of a chunk, and of all chunks of a body beyond that. */
const [FRAMING_BYTES, FRAMING_BYTES_MAX] = [16, 16_384];

/** Whether a request has no end. */
function isCutOff(request: RequestText): boolean {
  if (!request.whole) return true;
  if (isChunked(request)) return readChunked(request.after).fault === "cut off";
  return valuesOf(request, "content-length").some((value) => Number(value) > request.after.length);
}

/** What is wrong with a body in chunks. */
export const chunkedFault = (request: RequestText) =>
  isChunked(request) ? readChunked(request.after).fault : undefined;

/** The first one that applies is the one that is counted. */
export const DIFFERENCES: readonly Expected[] = [
  {
    name: "empty lines before a request are skipped",
    reason: "2.2: a server SHOULD ignore them; Go does so behind a POST only",
    kinds: ["laxer"],
    about: about(({ before }) => /^(\r\n)+$/.test(before)),
  },
  {
    name: "no bare CR or LF ends a line",
    reason: "2.2: a recipient MAY take LF for one, as Go does, and behind a POST it skips any",
    kinds: ["stricter"],
    status: 400,
    about: about(({ before, head }) =>
      /(^|[^\r])\n/.test(before + head) || /\r(?!\n)/.test(before)
    ),
  },
  {
    name: "a field is not folded over lines",
    reason: "5.2: a server MUST refuse it, or put blanks in the place of the fold, as Go does",
    kinds: ["stricter"],
    status: 400,
    about: about(({ head }) => /\n[ \t]/.test(head)),
  },
  {
    name: "a field has a name",
    reason: "5.1: field-name is a token; Go skips a field without a name",
    kinds: ["stricter"],
    status: 400,
    about: about(({ fields }) => fields.some(([name]) => name === "")),
  },
  {
    name: "not every method is known",
    reason: "RFC 9110, 9.1: 501 for a method that is not implemented; Go takes any token",
    kinds: ["stricter"],
    status: 501,
    about: about((request) => {
      const { method } = partsOf(request);
      return TOKEN.test(method) && !METHODS.includes(method);
    }),
  },
  {
    name: "there are no tunnels",
    reason: "RFC 9110, 9.3.6: CONNECT is for proxies; Go hands it to its handler",
    kinds: ["stricter"],
    about: about((request) => partsOf(request).method === "CONNECT"),
  },
  {
    name: "there is no HTTP/2",
    reason: "RFC 9113, 3.4: its preface is no request; Go hands it to its handler",
    kinds: ["stricter"],
    status: 505,
    about: about(({ line }) => line.startsWith("PRI * HTTP/")),
  },
  {
    name: "the version is 1.0 or 1.1",
    reason: "2.3, and RFC 9110, 15.6.6: Go takes 1.2 to 1.9 as well",
    kinds: ["stricter"],
    status: 505,
    about: about((request) => /^HTTP\/1\.[2-9]$/.test(partsOf(request).version)),
  },
  {
    name: "a target is of a form that goes with its method",
    reason: "3.2: a path, http or https, or * with OPTIONS; no fragment, no user; Go takes any URI",
    kinds: ["stricter"],
    status: 400,
    about: about((request) => {
      const { method, target } = partsOf(request);
      if (target === "*") return method !== "OPTIONS";
      return !ORIGIN_OR_ABSOLUTE.test(target);
    }),
  },
  {
    name: "a percent sign in a path is left to those who decode it",
    reason: "RFC 3986, 2.1: Go decodes the path of a target before any handler sees it",
    kinds: ["laxer"],
    about: about((request) => /^[^?]*%(?![0-9a-f]{2})/i.test(partsOf(request).target)),
  },
  {
    name: "the host in a target is a host and a port, as that in a Host",
    reason: "3.2.2: both servers refuse what is none, and each by a measure of its own",
    kinds: ["laxer", "stricter"],
    about: about((request) => /^https?:\/\/[^/?#]+/i.test(partsOf(request).target)),
  },
  {
    name: "a host is a host and a port",
    reason: "3.2: a server MUST refuse another one; Go looks at single characters only",
    kinds: ["stricter"],
    status: 400,
    about: about((request) => valuesOf(request, "host").some((host) => !HOST.test(host))),
  },
  {
    name: "a host is not empty",
    reason:
      "RFC 9110, 4.2.1: an http URI without a host is invalid; Go looks at a host if there is one",
    kinds: ["stricter"],
    status: 400,
    about: about((request) => valuesOf(request, "host").some((host) => /^(?::\d*)?$/.test(host))),
  },
  {
    name: "what frames a body stands between spaces only",
    reason: "5.5: blanks around a value may be tabs, but llhttp takes none around these",
    kinds: ["stricter"],
    status: 400,
    about: about(({ head }) => /\n(?:content-length|transfer-encoding):[^\n]*\t/i.test(head)),
  },
  {
    name: "a length is said once",
    reason: "6.3: equal ones MAY be taken for one, as Go does",
    kinds: ["stricter"],
    status: 400,
    about: about((request) => valuesOf(request, "content-length").length > 1),
  },
  {
    name: "a length is not empty",
    reason: "6.2: Content-Length = 1*DIGIT; Go takes an empty one for none",
    kinds: ["stricter"],
    status: 400,
    about: about((request) => valuesOf(request, "content-length").some((value) => value === "")),
  },
  {
    name: "a body has a length or a coding, not both",
    reason: "6.1: a server MAY refuse both, or go by the coding, as Go does",
    kinds: ["stricter"],
    status: 400,
    about: about((request) => has(request, "content-length") && has(request, "transfer-encoding")),
  },
  {
    name: "HTTP/1.0 has no codings",
    reason: "6.1: the framing of such a request is faulty; Go ignores the field",
    kinds: ["stricter"],
    status: 400,
    about: about((request) => isHttp10(request) && has(request, "transfer-encoding")),
  },
  {
    name: "an expectation is 100-continue and nothing else",
    reason: "RFC 9110, 10.1.1: 417 for any other; Go takes lists, and does not look at more fields",
    kinds: ["stricter"],
    status: 417,
    about: about((request) => {
      const expectations = valuesOf(request, "expect");
      return expectations.length > 1 ||
        expectations.some((value) => !/^100-continue$/i.test(value));
    }),
  },
  {
    name: "a chunk is a length, perhaps extensions, and its bytes",
    reason: "7.1: Go takes a bare LF, anything for an extension, and waits for 2^64 bytes",
    kinds: ["stricter", "outspoken"],
    status: 400,
    about: about((request) => chunkedFault(request) === "chunk"),
  },
  {
    name: "what frames a body has a limit of its own",
    reason: "7.1.1: a server ought to limit extensions; Go does since 1.22, by the same measure",
    kinds: ["stricter"],
    status: 400,
    about: about((request) =>
      isChunked(request) && request.after.length > FRAMING_BYTES_MAX &&
      readChunked(request.after).lineLength > FRAMING_BYTES
    ),
  },
  {
    name: "a chunk's length may begin with zeros",
    reason: "7.1: chunk-size = 1*HEXDIG; Go takes 16 digits at most",
    kinds: ["laxer"],
    about: about((request) => isChunked(request) && readChunked(request.after).zeros > 0),
  },
  {
    name: "trailers are fields",
    reason: "7.1.2, RFC 9110, 6.5.1: Go takes a bare LF, folds, names that are none, and framing",
    kinds: ["stricter"],
    status: 400,
    about: about((request) => chunkedFault(request) === "trailers"),
  },
  {
    name: "a line of a chunk, or the trailers, may be long",
    reason:
      "7.1.1: a limit is the server's own; Go's is its buffer of 4 KiB, also behind OPTIONS *",
    kinds: ["laxer"],
    about: ({ request, previous }) =>
      [request, previous].some((request) => {
        if (request === undefined || !isChunked(request)) return false;
        const { lineLength, trailersLength } = readChunked(request.after);
        return Math.max(lineLength, trailersLength) > CHUNK_LINE_BYTES_MAX;
      }),
  },
  {
    name: "nobody looks at which trailers are announced",
    reason: "RFC 9110, 6.6.2: Trailer is a hint; Go refuses one that names a framing field",
    kinds: ["laxer"],
    about: about((request) =>
      valuesOf(request, "trailer").some((value) =>
        /\b(content-length|transfer-encoding|trailer)\b/i.test(value)
      )
    ),
  },
  {
    name: "no field has control characters",
    reason: "5.5: Go looks for them after it has taken out Trailer",
    kinds: ["stricter"],
    status: 400,
    about: about(({ head }) =>
      // deno-lint-ignore no-control-regex
      /\ntrailer:[^\n]*(?:[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f]|\r(?!\n))/i.test(head)
    ),
  },
  {
    name: "the body of OPTIONS * has to be whole",
    reason: "6.3: Go answers it itself, and reads 4 KiB of a body at most",
    kinds: ["stricter", "silent", "open"],
    about: ({ request, previous }) =>
      [request, previous].some((request) => {
        if (request === undefined) return false;
        const { method, target } = partsOf(request);
        return method === "OPTIONS" && target === "*" && isCutOff(request);
      }),
  },
  {
    name: "a head is about as large as it may be",
    reason: "RFC 6585, 5: both refuse above 1 MiB and 4 KiB; Go's count is up to a buffer off",
    kinds: ["stricter", "laxer"],
    about: about(({ head }) => Math.abs(head.length - HEAD_BYTES_MAX) <= HEAD_BYTES_SLACK),
  },
  {
    name: "close has the last word",
    reason: "9.3: close comes before keep-alive; Go goes on after HTTP/1.0 that says both",
    kinds: ["silent", "closed"],
    about: ({ previous }) => {
      if (previous === undefined || !isHttp10(previous)) return false;
      const connection = valuesOf(previous, "connection").join();
      return /\bclose\b/i.test(connection) && /\bkeep-alive\b/i.test(connection);
    },
  },
  {
    name: "keep-alive may be in any field",
    reason:
      "9.3, and RFC 9110, 5.3: fields of one name are one list; Go looks at the first of them",
    kinds: ["laxer", "outspoken", "open"],
    about: ({ previous }) =>
      previous !== undefined && isHttp10(previous) && valuesOf(previous, "connection").length > 1,
  },
  {
    name: "a request may be refused before it is whole, or waited for",
    reason: "8: a fault is seen sooner or later, as with a length that is that of no body",
    kinds: ["outspoken", "silent"],
    about: ({ kind, waiting, request }) => isCutOff(request) && (kind === "outspoken" || waiting),
  },
  {
    name: "of several faults another one is named first",
    reason: "no order is set: both refuse, and close",
    kinds: ["status"],
    about: () => true,
  },
];
