import fc from "fast-check";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { decodeBase64Url, encodeBase64Url } from "../../src/group/base64.ts";

const DECODED: readonly [text: string, bytes: readonly number[], why: string][] = [
  ["", [], "of nothing"],
  ["=", [], "of a lone padding"],
  ["YQ", [0x61], "without padding"],
  ["YQ==", [0x61], "with padding"],
  ["YQ=======", [0x61], "with padding without end"],
  ["YR", [0x61], "with bits left over"],
  ["YX", [0x61], "with other bits left over"],
  ["Y\r\nQ\n", [0x61], "broken by line ends"],
  ["YQ\n==", [0x61], "with padding after a line end"],
  ["-_-_", [0xfb, 0xff, 0xbf], "of the URL-safe alphabet"],
  ["AAAA", [0, 0, 0], "of zeros"],
];
for (const [text, bytes, why] of DECODED) {
  Deno.test(`decodeBase64Url() reads base64 ${why}`, { permissions: "none" }, () => {
    assert.deepEqual([...decodeBase64Url(text)], bytes);
  });
}

const REFUSED: readonly [text: string, offset: number, why: string][] = [
  ["!!", 0, "a foreign character"],
  ["YQ!", 2, "a foreign character after others"],
  ["+/", 0, "the standard alphabet"],
  ["Y", 0, "a lone character"],
  ["YWFhY", 4, "a lone character after others"],
  ["YQ=a", 2, "padding before the end"],
  ["YQ==\n", 2, "padding before a line end"],
  ["YWé", 2, "a character beyond ASCII"],
  ["é!", 0, "a character beyond ASCII at the start"],
  ["YQ ", 2, "a space"],
];
for (const [text, offset, why] of REFUSED) {
  Deno.test(`decodeBase64Url() refuses ${why}, in Go's words`, { permissions: "none" }, () => {
    assert.throws(() => decodeBase64Url(text), {
      name: "TypeError",
      message: `illegal base64 data at input byte ${offset}`,
    });
  });
}

Deno.test("any bytes come back from their base64, padded or not", { permissions: "none" }, () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
    const text = encodeBase64Url(bytes);
    assert.match(text, /^([A-Za-z0-9_-]+|=)$/);
    assert.deepEqual([...decodeBase64Url(text)], [...bytes]);
    assert.deepEqual([...decodeBase64Url(`${text}==`)], [...bytes]);
    if (bytes.length > 0) assert.equal(text, Buffer.from(bytes).toString("base64url"));
  }));
});

Deno.test("no bytes are written as clients write them, a lone =", { permissions: "none" }, () => {
  assert.equal(encodeBase64Url(new Uint8Array()), "=");
});
