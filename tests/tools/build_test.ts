/** What the build makes of the bundled program. @module */

import assert from "node:assert/strict";
import { inAscii } from "../../tools/build.ts";

Deno.test("a source is the same program in ASCII, whatever its regular expressions look for", {
  permissions: "none",
}, () => {
  const source = "/^[0.a-zµ]+$/.test('0.0µs') && /^(?:→|𝄞)$/.test('𝄞') // µs → 𝄞";
  const ascii = inAscii(source);
  assert.match(ascii, /^[ -~]+$/);
  for (const text of [source, ascii]) assert.equal(eval(text), true);
  assert.equal(inAscii("const a = '\\u00b5';\n"), "const a = '\\u00b5';\n");
});
