/** However what comes is cut into pieces, the same is understood, and the same is refused. @module */

import fc from "fast-check";
import assert from "node:assert/strict";
import { cuts, pieces } from "../pushgateway/pages/pieces.ts";
import { drawnRequests, goodRequests } from "./drawn_requests.ts";
import { bytesOf, readRequests, readWhole } from "./reading.ts";
import { BAD, BAD_CHUNKS, GOOD, request } from "./requests.ts";

const LISTED = [
  ...GOOD.map(([, text]) => text),
  ...BAD.map(([, , text]) => text),
  ...BAD_CHUNKS.map(([, chunks]) => request({ isChunked: true }, chunks)),
];

Deno.test("in two pieces a request is what it is in one", { permissions: "none" }, () => {
  for (const text of LISTED) {
    const whole = readWhole(text);
    for (let at = 1; at < text.length; at++) {
      assert.deepEqual(
        readRequests(pieces(bytesOf(text), [at])),
        whole,
        JSON.stringify({ text, at }),
      );
    }
  }
});

Deno.test("byte by byte a request is what it is in one piece", { permissions: "none" }, () => {
  for (const text of LISTED) {
    const bytes = text.split("").map(bytesOf);
    assert.deepEqual(readRequests(bytes), readWhole(text), JSON.stringify(text));
  }
});

Deno.test("whatever comes, in whatever pieces, is understood or refused as in one", {
  permissions: "none",
}, () => {
  fc.assert(
    fc.property(drawnRequests, cuts, (text, sizes) => {
      assert.deepEqual(readRequests(pieces(bytesOf(text), sizes)), readWhole(text));
    }),
    { numRuns: 10_000 },
  );
});

Deno.test("requests behind each other are what they are by themselves", {
  permissions: "none",
}, () => {
  fc.assert(
    fc.property(fc.array(goodRequests), drawnRequests, cuts, (texts, last, sizes) => {
      const { requests, end } = readRequests(pieces(bytesOf(texts.join("") + last), sizes));
      const alone = readWhole(last);
      assert.deepEqual(requests, [
        ...texts.flatMap((text) => readWhole(text).requests),
        ...alone.requests,
      ]);
      assert.deepEqual(end, alone.end);
    }),
    { numRuns: 1_000 },
  );
});
