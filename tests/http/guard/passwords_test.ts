/** Passwords are checked once, and remembered. */

import assert from "node:assert/strict";
import { createPasswords } from "../../../src/http/guard/passwords.ts";

const CLIENT = "192.0.2.7";
const DAY_MS = 24 * 3_600_000;
const PAUSE_MS = 1_000;

/** Users, and a check that counts what it compares: a hash here is the password behind a mark. */
function open() {
  let now = 0;
  const compared: string[] = [];
  const users = new Map([["alice", "#wonder"], ["bob", "#builder"]]);
  const passwords = createPasswords({
    bcrypt: {
      async compare(password, hash) {
        await Promise.resolve();
        compared.push(`${password} ${hash}`);
        return `#${password}` === hash;
      },
      [Symbol.dispose]() {},
    },
    now: () => now,
  });
  return {
    users,
    compared,
    passwords,
    /** A while after the last check: one that follows a wrong password waits. */
    async check(user: string, password: string) {
      now += PAUSE_MS;
      const verdict = await passwords.check({ user, password }, users, CLIENT);
      return typeof verdict === "object" ? verdict.user : verdict;
    },
    pass(ms: number) {
      now += ms;
    },
    [Symbol.dispose]: () => passwords[Symbol.dispose](),
  };
}

Deno.test("a password that was right is not compared again for a day after its last use", async () => {
  using own = open();
  for (let i = 0; i < 3; i++) assert.equal(await own.check("alice", "wonder"), "alice");
  assert.equal(own.compared.length, 1);
  const again = own.passwords.check({ user: "alice", password: "wonder" }, own.users, CLIENT);
  assert(!(again instanceof Promise), "nobody waits for it");
  for (let days = 0; days < 3; days++) {
    own.pass(DAY_MS - PAUSE_MS);
    assert.equal(await own.check("alice", "wonder"), "alice");
  }
  assert.equal(own.compared.length, 1);
  own.pass(DAY_MS);
  assert.equal(await own.check("alice", "wonder"), "alice");
  assert.equal(own.compared.length, 2);
});

Deno.test("a wrong password is compared once, too, and never helps a right one", async () => {
  using own = open();
  for (let i = 0; i < 3; i++) assert.equal(await own.check("alice", "wrong"), "wrong");
  assert.equal(own.compared.length, 1);
  assert.equal(await own.check("bob", "builder"), "bob");
  assert.equal(await own.check("alice", "builder"), "wrong");
});

Deno.test("another hash of a user ends what is remembered of the former one", async () => {
  using own = open();
  const admission = await own.passwords.check(
    { user: "alice", password: "wonder" },
    own.users,
    CLIENT,
  );
  assert(typeof admission === "object");
  assert(own.passwords.holds(admission, own.users));
  own.users.set("alice", "#other");
  assert(!own.passwords.holds(admission, own.users));
  assert.equal(await own.check("alice", "wonder"), "wrong");
  assert.equal(await own.check("alice", "other"), "alice");
  own.users.delete("alice");
  assert.equal(await own.check("alice", "other"), "wrong");
});

Deno.test("an unknown user is compared with a hash as well, and stays unknown", async () => {
  using own = open();
  for (const password of ["wonder", "builder"]) {
    assert.equal(await own.check("mallory", password), "wrong");
  }
  assert.equal(own.compared.length, 2);
  const hashes = new Set(own.compared.map((text) => text.split(" ")[1]));
  assert.equal(hashes.size, 1, "always the same one");
});

Deno.test("many that begin with the same credentials wait for one comparison", async () => {
  using own = open();
  const all = await Promise.all(Array.from({ length: 500 }, () => own.check("alice", "wonder")));
  assert.deepEqual(new Set(all), new Set(["alice"]));
  assert.equal(own.compared.length, 1);
});

Deno.test("of those that were right the thousand that were used last are remembered", async () => {
  using own = open();
  for (let i = 0; i < 1_001; i++) {
    own.users.set(`user${i}`, `#${i}`);
    assert.equal(await own.check(`user${i}`, `${i}`), `user${i}`);
    assert.equal(await own.check("user0", "0"), "user0");
  }
  const { length } = own.compared;
  assert.equal(length, 1_001);
  for (const kept of [0, 2, 1_000]) await own.check(`user${kept}`, `${kept}`);
  assert.equal(own.compared.length, length);
  await own.check("user1", "1");
  assert.equal(own.compared.length, length + 1);
});
