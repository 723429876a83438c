import assert from "node:assert/strict";
import { basicAuthorization, basicCredentials } from "../../src/wire/basic_auth.ts";

const CREDENTIALS: readonly [user: string, password: string][] = [
  ["alice", "secret"],
  ["alice", "a:b"],
  ["", ""],
  ["ä€😀", "pässword"],
];
for (const [user, password] of CREDENTIALS) {
  Deno.test(`"${user}:${password}" is read as it was written`, { permissions: "none" }, () => {
    const authorization = basicAuthorization({ user, password });
    assert.deepEqual(basicCredentials(["authorization", authorization]), { user, password });
  });
}

Deno.test("what is no Basic is none", { permissions: "none" }, () => {
  for (const value of ["", "Basic", "Basic ", "Bearer abc", "Digest a=b", "BasicYTpi"]) {
    assert.equal(basicCredentials(["authorization", value]), undefined, value);
  }
  assert.equal(basicCredentials(["host", "here"]), undefined);
});
