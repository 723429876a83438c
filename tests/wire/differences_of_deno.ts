/**
 * How the server of Deno 2.9 differs from Go's net/http (1.19). It lets much by that no server should,
 * and goes when ours takes its place.
 *
 * @module
 */

import { about, chunkedFault, DIFFERENCES, HOST } from "./differences.ts";
import type { Expected } from "./expected.ts";
import { isChunked, valuesOf } from "./request_text.ts";

/** Those in which it does what Go does, or what a new entry says. */
const NOT_OF_DENO = new Set([
  "not every method is known",
  "the version is 1.0 or 1.1",
  "a host is a host and a port",
  "an expectation is 100-continue and nothing else",
  "a chunk is a length, perhaps extensions, and its bytes",
  "trailers are fields",
  "a head is about as large as it may be",
]);

/** The first one that applies is the one that is counted. */
export const DIFFERENCES_OF_DENO: readonly Expected[] = [
  {
    name: "Deno: it speaks HTTP/2",
    reason: "a preface of it is enough",
    kinds: ["unreadable"],
    about: about(({ before, line }) => before === "" && line === "PRI * HTTP/2.0"),
  },
  {
    name: "Deno: empty lines may end in LF",
    reason: "before a request line",
    kinds: ["laxer"],
    about: about(({ before }) => /(^|[^\r])\n/.test(before)),
  },
  {
    name: "Deno: a host is not looked at",
    reason: "missing, several, or anything at all",
    kinds: ["laxer"],
    about: about((request) => {
      const hosts = valuesOf(request, "host");
      return hosts.length !== 1 || !HOST.test(hosts[0]);
    }),
  },
  {
    name: "Deno: an expectation is not looked at",
    reason: "unless it is 100-continue",
    kinds: ["laxer"],
    about: about((request) => valuesOf(request, "expect").length > 0),
  },
  {
    name: "Deno: a coding is not looked at",
    reason: "as long as chunked is the last one",
    kinds: ["laxer"],
    about: about((request) => valuesOf(request, "transfer-encoding").join() !== "chunked"),
  },
  {
    name: "Deno: a chunk that is faulty may be taken",
    reason: "blanks before and after its length",
    kinds: ["laxer"],
    about: about((request) => chunkedFault(request) !== undefined),
  },
  {
    name: "Deno: a chunk that is faulty ends the connection",
    reason: "without an answer",
    kinds: ["silent"],
    about: about(isChunked),
  },
  {
    name: "Deno: a head has 100 fields at most",
    reason: "a limit of hyper",
    kinds: ["stricter", "status"],
    about: about(({ fields }) => fields.length > 100),
  },
  {
    name: "Deno: a head has 100 to 400 KiB at most",
    reason: "a limit of hyper",
    kinds: ["stricter", "status"],
    about: about(({ head }) => head.length > 100_000),
  },
  {
    name: "Deno: a version that is not known is a syntax error",
    reason: "400 and not 505",
    kinds: ["stricter"],
    status: 400,
    about: about(({ line }) => /HTTP\/1\.[2-9]$/.test(line)),
  },
  ...DIFFERENCES.filter(({ name }) => !NOT_OF_DENO.has(name)),
  {
    name: "Deno: a body is not read to its end where the client has closed its side",
    reason: "a body that is there as a whole is called cut off",
    kinds: ["stricter"],
    status: 400,
    about: () => true, // which of them depends on the moment
  },
  {
    name: "Deno: nothing may be answered where the client has closed its side",
    reason: "hyper takes it for gone when it sees that before the next request",
    kinds: ["silent", "closed"],
    about: () => true,
  },
];
