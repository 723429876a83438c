/** What a request has to pass before it is answered. */

import assert from "node:assert/strict";
import { createGuard } from "../../../src/http/guard/guard.ts";
import type { Passwords, Verdict } from "../../../src/http/guard/passwords.ts";
import { type IncomingRequest, textReply } from "../../../src/http/message.ts";
import { openLog } from "../../../src/log.ts";
import { incoming } from "../messages.ts";

const USERS = new Map([["alice", "hash"]]);
const ADMISSION = { user: "alice", hash: "hash", usedMs: 0 };

interface Own {
  readonly users?: ReadonlyMap<string, string>;
  readonly headers?: readonly string[];
  readonly check?: Passwords["check"];
}

/** A guard before a handler that says whom it was asked by. */
function open({ users = USERS, headers = [], check }: Own = {}) {
  const lines: string[] = [];
  let checks = 0;
  const guard = createGuard({
    config: () => ({ users, headers }),
    passwords: {
      check(...args) {
        checks++;
        return check ? check(...args) : ADMISSION;
      },
      holds: ({ user, hash }) => users.get(user) === hash,
      [Symbol.dispose]() {},
    },
    log: openLog({ level: "info", format: "logfmt", write: (line) => lines.push(line) }),
    now: () => 0,
  });
  const handle = guard(
    ({ user }) => textReply(200, `for ${user}`, ["x-frame-options", "theirs"]),
    (_, status, text, headers) => textReply(status, text, headers),
  );
  return {
    lines,
    get checks() {
      return checks;
    },
    ask: (authorization?: string) => handle(requestOf(authorization)),
    handle,
  };
}

function requestOf(authorization?: string): IncomingRequest {
  const headers = authorization === undefined ? [] : ["authorization", authorization];
  return { ...incoming(new Request("http://here/metrics")), headers };
}

function basic(text: string): string {
  return `Basic ${btoa(text)}`;
}

Deno.test("without users nobody is asked for a password", { permissions: "none" }, async () => {
  const own = open({ users: new Map() });
  assert.equal((await own.ask()).body, "for undefined");
  assert.equal((await own.ask("Bearer token")).body, "for undefined");
  assert.equal(own.checks, 0);
});

const REFUSED: readonly [what: string, authorization: string | undefined][] = [
  ["no credentials", undefined],
  ["another scheme", "Bearer token"],
  ["no colon", basic("alice")],
  ["no base64", "Basic §§§"],
  ["bytes that are no UTF-8", basic("alice:\xff")],
];
for (const [what, authorization] of REFUSED) {
  Deno.test(
    `${what} is answered 401, as by exporter-toolkit`,
    { permissions: "none" },
    async () => {
      const { status, body, headers } = await open().ask(authorization);
      assert.deepEqual([status, body], [401, "Unauthorized"]);
      const at = headers.indexOf("www-authenticate");
      assert.equal(headers[at + 1], "Basic");
    },
  );
}

Deno.test("what a client sends is checked as it is: colons, spaces, no password", {
  permissions: "none",
}, async () => {
  const found: string[][] = [];
  const own = open({
    check({ user, password }, users, client) {
      assert.equal(users, USERS);
      found.push([user, password, client]);
      return "wrong";
    },
  });
  for (const text of ["alice:a:b c", ":", "ä:ö"]) {
    const utf8 = String.fromCharCode(...new TextEncoder().encode(text));
    assert.equal((await own.ask(basic(utf8).replace("Basic", "bAsic"))).status, 401);
  }
  const { client } = requestOf();
  assert.deepEqual(found, [["alice", "a:b c", client], ["", "", client], ["ä", "ö", client]]);
  assert.equal(own.lines.length, 1, "the log is told once of a client");
  assert.match(own.lines[0], /level=warn .*msg="request refused: wrong user or password" client=/);
});

Deno.test("a client with a wrong password is logged once, and when it sends a valid one", {
  permissions: "none",
}, async () => {
  let verdict: Verdict = "wrong";
  const own = open({ check: () => verdict });
  for (let i = 0; i < 100; i++) await own.ask(basic("alice:wrong"));
  assert.equal(own.lines.length, 1);
  verdict = ADMISSION;
  for (let i = 0; i < 3; i++) await own.ask(basic("alice:secret"));
  assert.equal(own.lines.length, 2);
  assert.match(own.lines[1], /level=info .*"client sends a valid password again".* failures=100 /);
});

Deno.test("who is admitted is known by the list of headers, for as long as that holds", {
  permissions: "none",
}, async () => {
  const users = new Map(USERS);
  const own = open({ users });
  const request = requestOf(basic("alice:secret"));
  for (let i = 0; i < 3; i++) assert.equal((await own.handle(request)).body, "for alice");
  assert.equal(own.checks, 1);
  users.set("alice", "another");
  await own.handle(request);
  assert.equal(own.checks, 2);
});

Deno.test("where too many passwords wait for their check the answer is 429", {
  permissions: "none",
}, async () => {
  const own = open({ check: () => Promise.resolve("busy") });
  const { status, headers } = await own.ask(basic("alice:secret"));
  assert.equal(status, 429);
  assert(headers.includes("retry-after"));
});

Deno.test("headers are added to each answer, in the place of a Pushgateway's", {
  permissions: "none",
}, async () => {
  const own = open({ headers: ["x-frame-options", "deny", "x-content-type-options", "nosniff"] });
  for (const authorization of [undefined, basic("alice:secret")]) {
    const { headers } = await own.ask(authorization);
    const options = headers.filter((_, i) => headers[i - 1] === "x-frame-options");
    assert.deepEqual(options, ["deny"]);
    assert(headers.includes("nosniff"));
  }
});

Deno.test("a check that fails is the handler's failure", { permissions: "none" }, async () => {
  const own = open({ check: () => Promise.reject(new Error("broken")) });
  await assert.rejects(async () => await own.ask(basic("alice:secret")), /broken/);
});
