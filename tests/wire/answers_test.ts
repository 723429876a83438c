/** Answers are read strictly, up to the first that is none. */

import assert from "node:assert/strict";
import { readAnswers } from "./answers.ts";

const ECHO = '{"method":"PUT","target":"/a","length":0,"crc":0}';
const head = (...fields: string[]) => `HTTP/1.1 200 OK\r\n${fields.join("\r\n")}\r\n\r\n`;
const whole = head(`Content-Length: ${ECHO.length}`) + ECHO;
const inChunks = `${head("Transfer-Encoding: chunked")}${
  ECHO.length.toString(16)
}\r\n${ECHO}\r\n0\r\n\r\n`;
const refusal = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request";

const READ: readonly (readonly [string, text: string, statuses: number[], fault?: boolean])[] = [
  ["nothing", "", []],
  ["bodies with a length, in chunks, and up to the close", whole + inChunks + refusal, [
    200,
    200,
    400,
  ]],
  ["an interim answer, which does not count", `HTTP/1.1 100 Continue\r\n\r\n${whole}`, [200]],
  [
    "an answer to a HEAD, which has no body",
    head("Echo-Method: HEAD", "Content-Length: 9") + whole,
    [
      200,
      200,
    ],
  ],
  ["a refusal that breaks off", "HTTP/1.1 400 X\r\nContent-Length: 9\r\n\r\nno", [400]],
  ["an answer that breaks off", whole + whole.slice(0, -1), [200], true],
  ["a head that breaks off", `${whole}HTTP/1.1 200 OK\r\n`, [200], true],
  ["another protocol", "\0\0\x18\x04\0\r\n\r\n", [], true],
  ["two lengths", head("Content-Length: 0", "Content-Length: 0"), [], true],
  ["a chunk without a length", `${head("Transfer-Encoding: chunked")}x\r\n`, [], true],
];
for (const [what, text, statuses, fault = false] of READ) {
  Deno.test(`readAnswers() reads ${what}`, { permissions: "none" }, () => {
    const read = readAnswers(text);
    assert.deepEqual(read.answers.map(({ status }) => status), statuses);
    assert.equal(read.fault !== undefined, fault, read.fault);
  });
}

Deno.test("readAnswers() reads what was understood", { permissions: "none" }, () => {
  for (const { echo } of readAnswers(whole + inChunks).answers) {
    assert.deepEqual(echo, { method: "PUT", target: "/a", length: 0, crc: 0 });
  }
});
