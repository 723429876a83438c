import assert from "node:assert/strict";
import { placementKey } from "../../../src/group/group.ts";
import type { NameScheme } from "../../../src/group/label_name.ts";
import { parsePushPath } from "../../../src/group/push_path.ts";
import { previewPush, type PushDeps, redirectPush } from "../../../src/http/push/redirect.ts";
import type { Snapshot } from "../../../src/http/snapshot.ts";
import { answerOf, incoming } from "../messages.ts";
import { ONE_ACTIVE, UNKNOWN, view } from "../view.ts";

const LOCATIONS: readonly [target: string, path: string, why: string][] = [
  ["/metrics/job/a/env/x", "=", "as it came"],
  ["/metrics/job/a%62/path@base64/L3Zhci90bXA=", "=", "still encoded"],
  ["/metrics/job/a?x=1&y=a/b", "=", "with its query"],
  ["/metrics/job/a?", "=", "with an empty query"],
  ["/metrics/job/a?x=1?y=2", "=", "with a query that holds a question mark"],
  ["/metrics/job/a?x=%zz", "=", "with a query that nobody could decode"],
  ["/metrics//job/a/.?x=1", "/metrics/job/a?x=1", "cleaned, with its query"],
  ["/metrics/job/a/instance/?x=1", "/metrics/job/a?x=1", "without an empty instance"],
  ["/metrics/job/a%0d%0aset-cookie:b", "=", "with a line end still encoded"],
  ["/metrics/job/a b\r\nc", "/metrics/job/a%20b%0D%0Ac", "with a raw line end encoded"],
  [
    "/metrics/job/é?x=é 🚀#",
    "/metrics/job/%C3%A9?x=%C3%A9%20%F0%9F%9A%80%23",
    "encoded for a header",
  ],
  [
    "/metrics/job/a?\r\nset-cookie:b",
    "/metrics/job/a?%0D%0Aset-cookie:b",
    "with a query of one line",
  ],
];
for (const [target, path, why] of LOCATIONS) {
  Deno.test(`a push is redirected with its path ${why}`, { permissions: "none" }, () => {
    const answer = redirect(target);
    assert.equal(answer.status, 307);
    assert.equal(answer.headers.get("location"), `http://a:9091${path === "=" ? target : path}`);
  });
}

Deno.test("a redirect tells whoever does not follow it what to do", {
  permissions: "none",
}, async () => {
  const text = await redirect("/metrics/job/a").text();
  assert.match(text, /^not pushed yet: .* mode: auto .*\n$/);
});

Deno.test("a push is redirected to the spelling that its owner has of the group", {
  permissions: "none",
}, () => {
  const spelt = "/metrics/job/a/instance@base64/=";
  const pathOn: PushDeps["handoff"]["pathOn"] = (member, id, scheme) =>
    `${member} ${id} ${scheme}` === "a:9091 /metrics/job/a legacy" ? spelt : undefined;
  const locationOf = (target: string) => redirect(target, { pathOn }).headers.get("location");
  assert.equal(locationOf("/metrics/job/a"), `http://a:9091${spelt}`);
  assert.equal(locationOf("/metrics/job/b"), "http://a:9091/metrics/job/b");
});

Deno.test("each group is redirected to its owner on the ring", { permissions: "none" }, () => {
  const snapshot = view("list a b c", "a ok", "b ok", "c ok");
  const owners = new Set<string>();
  for (let i = 0; i < 50; i++) {
    const path = `/metrics/job/backup${i}`;
    const owner = snapshot.ring.ownerOf(path);
    assert(owner);
    owners.add(owner);
    const { headers } = redirect(path, { snapshot });
    assert.equal(headers.get("location"), `http://${owner}${path}`);
  }
  assert.equal(owners.size, 3);
});

Deno.test("two spellings of one group have one owner", { permissions: "none" }, () => {
  const snapshot = view("list a b c", "a ok", "b ok", "c ok");
  for (let i = 0; i < 30; i++) {
    const hosts = [
      `/metrics/job/j/env/x/zone/z${i}`,
      `/metrics/job/j/zone/z${i}/env@base64/eA`,
      `/metrics//job/%6a/env/x/zone/z${i}?x`,
    ].map((target) => {
      const { headers } = redirect(target, { snapshot });
      return /^http:\/\/[^/]+/.exec(headers.get("location") ?? "")?.[0];
    });
    assert.deepEqual(new Set(hosts).size, 1, `${hosts}`);
  }
});

const REFUSED: readonly [target: string, status: number, reason: RegExp, allow: string | null][] = [
  ["/metrics/job/a/instance", 400, /^odd number of components/, null],
  ["/metrics/job/%E9", 400, /not valid UTF-8/, null],
  ["/metrics/job/a%", 400, /^400 Bad Request/, null],
  ["/metrics/job", 404, /^404 page not found/, null],
  ["/favicon.ico?x=1", 404, /^404 page not found/, null],
  ["/metrics/job/%2E%2E", 405, /^Method Not Allowed/, "GET, OPTIONS"],
];
for (const [target, status, reason, allow] of REFUSED) {
  for (const [method, respond] of [["PUT", redirect], ["GET", preview]] as const) {
    Deno.test(
      `${method} ${target} is ${status}, with a reason`,
      { permissions: "none" },
      async () => {
        const answer = respond(target);
        assert.equal(answer.status, status);
        assert.match(await answer.text(), reason);
        assert.equal(answer.headers.get("allow"), allow);
        assert.equal(answer.headers.get("location"), null);
      },
    );
  }
}

for (const [method, respond] of [["PUT", redirect], ["GET", preview]] as const) {
  Deno.test(
    `${method} while no member is known is 503 and may be tried again`,
    { permissions: "none" },
    async () => {
      const answer = respond("/metrics/job/a", { snapshot: UNKNOWN });
      assert.equal(answer.status, 503);
      assert.equal(answer.headers.get("retry-after"), "1");
      assert.match(await answer.text(), /^no Pushgateway is known yet\n$/);
    },
  );
}

Deno.test("a bad path is 400 even while no member is known", { permissions: "none" }, async () => {
  const answer = redirect("/metrics/job/a/b", { snapshot: UNKNOWN });
  assert.equal(answer.status, 400);
  await answer.text();
});

Deno.test("the preview is the Go tool's text", { permissions: "none" }, async () => {
  const answer = preview("/metrics/job/a/env/x?y=1");
  assert.equal(answer.status, 200);
  assert.equal(await answer.text(), "nextUrl:http://a:9091/metrics/job/a/env/x?y=1");
});

Deno.test("the preview is JSON where the client prefers it", { permissions: "none" }, async () => {
  const accept = "text/html;q=0.5, application/json";
  const answer = preview("/metrics/job/b/zone/z/env@base64/eA==", {}, accept);
  assert.match(answer.headers.get("content-type") ?? "", /^application\/json/);
  assert.deepEqual(await answer.json(), {
    owner: "a:9091",
    url: "http://a:9091/metrics/job/b/zone/z/env@base64/eA==",
    group: { job: "b", env: "x", zone: "z" },
    path: "/metrics/job/b/env/x/zone/z",
    holders: [],
    ring: { hash: ONE_ACTIVE.ring.hash, members: ["a:9091"] },
  });
});

const SCHEMES: readonly [scheme: NameScheme, name: string, path: string][] = [
  ["legacy", "U__a_2f_b", "/metrics/job/j/U__a_2f_b/x"],
  ["utf8", "a/b", "/metrics/job/j/U__a_2f_b/x"],
];
for (const [nameScheme, name, path] of SCHEMES) {
  Deno.test(`the preview reads names as ${nameScheme}`, { permissions: "none" }, async () => {
    const target = "/metrics/job/j/U__a_2f_b/x";
    const answer = preview(target, { nameScheme }, "application/json");
    const shown = await answer.json();
    assert.deepEqual(shown.group, { job: "j", [name]: "x" });
    assert.equal(shown.path, path);
    const parsed = parsePushPath(shown.path, nameScheme);
    assert(parsed.kind === "group");
    assert.equal(placementKey(parsed.group), `/metrics/job/j/${name}/x`);
  });
}

const REQUEST = incoming(new Request("http://localhost/", { method: "PUT" }));

function redirect(target: string, own?: Own): Response {
  return answerOf(redirectPush(REQUEST, target, deps(own)));
}

function preview(target: string, own?: Own, accept = "*/*"): Response {
  return answerOf(previewPush(target, accept, deps(own)));
}

/** What a test sets itself. */
interface Own {
  readonly snapshot?: Snapshot;
  readonly nameScheme?: NameScheme;
  readonly pathOn?: PushDeps["handoff"]["pathOn"];
}

function deps(
  { snapshot = ONE_ACTIVE, nameScheme = "legacy", pathOn = () => undefined }: Own = {},
): PushDeps {
  const upstream = { scheme: "http", routePrefix: "" } as const;
  return {
    snapshot: () => snapshot,
    config: () => ({ nameScheme, upstream }),
    onRedirected() {},
    handoff: { pathOn },
    members: { holdersOf: () => [] },
  };
}
