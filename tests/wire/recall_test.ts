import assert from "node:assert/strict";
import { createRecall } from "../../src/wire/recall.ts";
import { bytesOf, readRequests } from "./reading.ts";

/** A recall that has read these. */
function recallOf(...texts: string[]) {
  const recall = createRecall();
  for (const text of texts) readRequests([bytesOf(text)], { recall });
  return recall;
}

function headOf(recall: ReturnType<typeof createRecall>, text: string) {
  return recall.head(bytesOf(text), 0, text.length);
}

Deno.test("a request line behind an empty line is no field", { permissions: "none" }, () => {
  const request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const recall = recallOf(`\r\n${request}`);
  assert.equal(headOf(recall, `PUT /x HTTP/1.1\r\n${request}`), undefined);
});
