/** What is odd about how long a body is. @module */

import { chunks, type Draft, framed } from "./draft.ts";
import type { Oddity } from "./odd_heads.ts";
import { lengthOf } from "./valid.ts";

/** Lengths and codings. */
export const ODD_FRAMINGS: readonly Oddity[] = [
  (draft) => framed(draft, draft.payload, lengthOf(draft), lengthOf(draft)),
  (draft) => framed(draft, draft.payload, lengthOf(draft), "Content-Length: 1"),
  (draft) => framed(draft, draft.payload, "Content-Length: 0", lengthOf(draft)),
  (draft) => framed(draft, draft.payload, `${lengthOf(draft)}, ${draft.payload.length}`),
  (draft, random) =>
    lengthAs(draft, random.pick([(n) => `+${n}`, (n) => `-${n}`, (n) => `0x${n}`])),
  (draft, random) =>
    lengthAs(draft, random.pick([(n) => `${n}.0`, (n) => `${n} 1`, (n) => `${n},`])),
  (draft, random) => lengthAs(draft, random.pick([(n) => `00${n}`, (n) => `\t${n}\t`])),
  (draft) => framed(draft, "", "Content-Length:"),
  (draft, random) => framed(draft, draft.payload, `Content-Length: ${random.pick(HUGE)}`),
  (draft, random) => framed(draft, draft.payload, `Content-Length: ${random.pick(HUGE)}`),
  (draft) => framed(draft, draft.payload),
  (draft) => framed(draft, chunks(draft.payload), "Transfer-Encoding: chunked", lengthOf(draft)),
  (draft) =>
    framed(draft, chunks(draft.payload), "Content-Length: 3", "Transfer-Encoding: chunked"),
  (draft) =>
    framed(draft, chunks(draft.payload), "Content-Length: a", "Transfer-Encoding: chunked"),
  (draft, random) =>
    framed(draft, chunks(draft.payload), `Transfer-Encoding: ${random.pick(CODINGS)}`),
  (draft, random) =>
    framed(draft, chunks(draft.payload), `Transfer-Encoding: ${random.pick(CODINGS)}`),
  (draft) => framed(draft, draft.payload, "Transfer-Encoding: identity", lengthOf(draft)),
  (draft) =>
    framed(
      draft,
      chunks(draft.payload),
      "Transfer-Encoding: chunked",
      "Transfer-Encoding: chunked",
    ),
  (draft) =>
    framed(draft, chunks(draft.payload), "Transfer-Encoding: gzip", "Transfer-Encoding: chunked"),
  (draft) => ({
    ...framed(draft, chunks(draft.payload), "Transfer-Encoding: chunked"),
    version: "HTTP/1.0",
  }),
  (draft) => ({
    ...framed(draft, draft.payload, lengthOf(draft), "Transfer-Encoding: chunked"),
    version: "HTTP/1.0",
  }),
  (draft, random) =>
    framed(
      draft,
      chunks(draft.payload),
      random.pick([
        "Transfer-Encoding : chunked",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding:\tchunked\t",
        "Transfer_Encoding: chunked",
        "X: y\nTransfer-Encoding: chunked",
      ]),
    ),
];

/** Bodies that are not what their framing says, chunks and trailers. */
export const ODD_BODIES: readonly Oddity[] = [
  (draft) => framed(draft, draft.payload, `Content-Length: ${draft.payload.length + 40}`),
  (draft, random) => chunkAs(draft, random.pick(["05\r\nhello\r\n", "0000005\r\nhello\r\n"])),
  (draft, random) =>
    chunkAs(draft, random.pick(["5 \r\nhello\r\n", "5\t\r\nhello\r\n", "5 ;a\r\nhello\r\n"])),
  (draft, random) =>
    chunkAs(draft, random.pick([" 5\r\nhello\r\n", "\t5\r\nhello\r\n", "\r\n5\r\nhello\r\n"])),
  (draft, random) =>
    chunkAs(draft, random.pick(["5\nhello\r\n", "5;a\nhello\r\n", "5\rhello\r\n"])),
  (draft, random) =>
    chunkAs(draft, random.pick(["5\r\nhello\n", "5\r\nhello", "5\r\nhello!\r\n", "5\r\nhello\r"])),
  (draft, random) =>
    chunkAs(draft, random.pick(["\r\nhello\r\n", "x\r\nhello\r\n", ";a\r\nhello\r\n"])),
  (draft, random) =>
    chunkAs(draft, random.pick(["0x5\r\nhello\r\n", "+5\r\nhello\r\n", "-5\r\nhello\r\n"])),
  (draft, random) => chunkAs(draft, `${random.pick(WIDE)}\r\nhello\r\n`),
  (draft, random) => chunkAs(draft, `5;${random.pick(EXTENSIONS)}\r\nhello\r\n`),
  (draft) => chunkAs(draft, `5;${"e".repeat(5_000)}\r\nhello\r\n`),
  (draft) => chunkAs(draft, "A\r\n0123456789\r\na\r\n0123456789\r\n"),
  (draft, random) => trailersAs(draft, random.pick(TRAILERS)),
  (draft, random) => trailersAs(draft, random.pick(TRAILERS)),
  (draft) => trailersAs(draft, `X-Long: ${"v".repeat(5_000)}\r\n`),
  (draft, random) =>
    framed(
      draft,
      chunks(draft.payload),
      "Transfer-Encoding: chunked",
      `Trailer: ${random.pick(["Content-Length", "X-A, Transfer-Encoding", "X-A", "X-A\x01"])}`,
    ),
];

const HUGE = [
  "9223372036854775807",
  "9223372036854775807",
  "9223372036854775808",
  "18446744073709551616",
  "1e3",
];
const WIDE = ["0000000000000005", "00000000000000005", "10000000000000005", "ffffffffffffffff"];
const CODINGS = [
  "gzip, chunked",
  "chunked, gzip",
  "chunked, chunked",
  "identity",
  "xchunked",
  "chunked;q=1",
  '"chunked"',
  "chunked,",
  ", chunked",
  "chunked, identity",
  "",
  "CHUNKED",
  "chunk",
  "chunked\x0b",
];
const EXTENSIONS = [
  "a=",
  "a;;b",
  "",
  " a = b ",
  'a="b',
  'a="b;c"',
  "\x01",
  "a\rb",
  "\xe9",
  'a="\xe9"',
];
const TRAILERS = [
  "X-A: b\n",
  "X-A : b\r\n",
  "no colon\r\n",
  "X-A: b\r\n c\r\n",
  " X-A: b\r\n",
  "Content-Length: 5\r\n",
  "Transfer-Encoding: chunked\r\n",
  "X-A: \x01\r\n",
  "X-\xe9: a\r\n",
  ": a\r\n",
  "Host: elsewhere\r\n",
];

function lengthAs(draft: Draft, write: (length: number) => string): Draft {
  return framed(draft, draft.payload, `Content-Length: ${write(draft.payload.length)}`);
}

function chunkAs(draft: Draft, chunk: string): Draft {
  return framed(draft, `${chunk}${chunks(draft.payload)}`, "Transfer-Encoding: chunked");
}

function trailersAs(draft: Draft, trailers: string): Draft {
  return framed(draft, chunks(draft.payload, 9, { trailers }), "Transfer-Encoding: chunked");
}
