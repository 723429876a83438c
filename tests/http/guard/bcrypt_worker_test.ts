/** Passwords against real bcrypt hashes, beside the event loop. */

import assert from "node:assert/strict";
import { createBcryptWorker } from "../../../src/http/guard/bcrypt_worker.ts";

/** Of exporter-toolkit's own decoy, "fakepassword". */
const REST = "10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi";

Deno.test("hashes of every kind that Go reads are compared", async () => {
  using bcrypt = createBcryptWorker();
  assert.equal(await bcrypt.compare("fakepassword", `$2y$${REST}`), true);
  assert.equal(await bcrypt.compare("fakepassword", `$2b$${REST}`), true);
  assert.equal(await bcrypt.compare("fakepassword", `$2a$${REST}`), true);
  for (const wrong of ["fakepasswort", "", "fakepassword\0", "ﬀ".repeat(50)]) {
    assert.equal(await bcrypt.compare(wrong, `$2y$${REST}`), false, wrong);
  }
});

Deno.test("the event loop goes on while a password is compared", async () => {
  using bcrypt = createBcryptWorker();
  await bcrypt.compare("a", `$2y$${REST}`); // it has begun
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await bcrypt.compare("b", `$2y$${REST}`);
  clearInterval(timer);
  assert(turns > 1, `found ${turns} turns`);
});

Deno.test("a thread that is ended fails what it compares", async () => {
  const bcrypt = createBcryptWorker();
  const comparing = assert.rejects(bcrypt.compare("a", `$2y$${REST}`), /the service has ended/);
  bcrypt[Symbol.dispose]();
  await comparing;
});

Deno.test("a thread that fails is replaced", async () => {
  using bcrypt = createBcryptWorker();
  await assert.rejects(bcrypt.compare(undefined as unknown as string, "x"), /Illegal arguments/);
  assert.equal(await bcrypt.compare("fakepassword", `$2y$${REST}`), true);
});
