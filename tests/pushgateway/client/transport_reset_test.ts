/** Members that end connections instead of an answer, over real ones. @module */

import assert from "node:assert/strict";
import { Secret } from "../../../src/config/secret.ts";
import { type RawMember, rawMember } from "../raw_member.ts";
import { kindOf, OK, openWith, PUSH, UPSTREAM } from "./sending.ts";

const LIMITS = { timeoutMs: 5_000 };

/**
 * A member that closes the connection at each push, so many times, and then answers.
 *
 * @param health how it answers a question for its health; absent: it closes that, too
 */
function closing({ pushes, health }: { pushes: number; health?: string }) {
  const seen: string[] = [];
  const member: RawMember = rawMember(async (connection) => {
    for (;;) {
      const request = await connection.request();
      if (request === "") return;
      const [head] = request.split(" HTTP");
      seen.push(head);
      const isHealth = head.endsWith("/-/healthy");
      const count = seen.filter((one) => one.startsWith("PUT")).length;
      const answer = isHealth ? health : count > pushes ? OK : undefined;
      if (answer === undefined) return connection.close();
      await connection.write(answer);
    }
  });
  return { member, seen };
}

const push = "PUT /metrics/job/a?x=1";
const health = "GET /-/healthy";

Deno.test("a member that ends a connection before its answer is asked once more, on a fresh one", async () => {
  const { member, seen } = closing({ pushes: 1 });
  await using _ = member;
  using transport = openWith(UPSTREAM);
  assert.equal((await transport.send(member.member, PUSH, LIMITS)).status, 200);
  assert.deepEqual([seen, member.accepted], [[push, push], 2]);
});

Deno.test("a member that is well and closes two connections answers so: it is sent nothing a third time", async () => {
  const { member, seen } = closing({ pushes: Infinity, health: OK });
  await using _ = member;
  using transport = openWith(UPSTREAM);
  assert.equal(await kindOf(transport.send(member.member, PUSH, LIMITS)), "closed");
  assert.deepEqual(seen, [push, push, health]);
});

for (
  const [why, answer] of [
    ["closes that connection, too", undefined],
    ["says that it is not", "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"],
  ] as const
) {
  Deno.test(`a member that is asked whether it is well, and ${why}, is sent the push a third time`, async () => {
    const { member, seen } = closing({ pushes: Infinity, ...(answer && { health: answer }) });
    await using _ = member;
    using transport = openWith(UPSTREAM);
    assert.equal(await kindOf(transport.send(member.member, PUSH, LIMITS)), "reset");
    assert.deepEqual(seen, [push, push, health, push]);
  });
}

Deno.test("a member that takes a push at the third time has taken it", async () => {
  const { member, seen } = closing({ pushes: 2 });
  await using _ = member;
  using transport = openWith(UPSTREAM);
  assert.equal((await transport.send(member.member, PUSH, LIMITS)).status, 200);
  assert.deepEqual(seen, [push, push, health, push]);
});

Deno.test("its health is asked for as the operator has configured the way to it", async () => {
  let asked = "";
  await using member = rawMember(async (connection) => {
    const request = await connection.request();
    if (request.startsWith("GET")) {
      asked = request;
      await connection.write(OK);
    }
    connection.close();
  });
  const basicAuth = { username: "a", password: new Secret("b") };
  using transport = openWith({ ...UPSTREAM, routePrefix: "/pg", basicAuth });
  assert.equal(await kindOf(transport.send(member.member, PUSH, LIMITS)), "closed");
  assert.match(asked, /^GET \/pg\/-\/healthy HTTP\/1.1\r\n/);
  assert.match(asked, /\r\nauthorization: Basic YTpi\r\n/);
});

Deno.test("a caller that gives up is not followed by another try", async () => {
  const stop = new AbortController();
  await using member = rawMember(async (connection) => {
    await connection.request();
    stop.abort();
    connection.close();
  });
  using transport = openWith(UPSTREAM);
  const sending = transport.send(member.member, PUSH, { ...LIMITS, signal: stop.signal });
  assert.equal(await kindOf(sending), "reset");
  assert.equal(member.accepted, 1);
});

Deno.test("a member that is being killed takes a connection more, drops it, and then refuses", async () => {
  await using member = rawMember(async (connection, index) => {
    await connection.request();
    connection.close();
    if (index === 1) member.refuse();
  });
  using transport = openWith(UPSTREAM);
  const kind = await kindOf(transport.send(member.member, PUSH, LIMITS));
  assert.deepEqual([kind, member.accepted], ["refused", 2]);
});
