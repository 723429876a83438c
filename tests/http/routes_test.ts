import assert from "node:assert/strict";
import { parseConfig } from "../../src/config/load.ts";
import { createHandler, createRoutes, type RouteDeps } from "../../src/http/routes.ts";
import type { NameScheme } from "../../src/group/label_name.ts";
import { type LogLevel, openLog } from "../../src/log.ts";
import { buildInfo } from "../../src/build.ts";
import { createMetrics } from "../../src/metrics/metrics.ts";
import { isPending } from "../concurrency/settled.ts";
import { Reply } from "../../src/http/message.ts";
import { answerOf, incoming, NO_DEADLINES } from "./messages.ts";
import { readSpecification, SPECIFICATION_PERMISSIONS } from "./openapi.ts";
import { ONE_ACTIVE, UNKNOWN } from "./view.ts";

const CONFIG = parseConfig("pushgateway: {servers: [a:9091]}", { path: "", env: () => undefined });

const ADMIN_API_OFF =
  /^\{"status":"error","errorType":"forbidden","error":"Admin API is not enabled\."\}$/;
const JSON_NOT_ALLOWED =
  /^\{"status":"error","errorType":"method_not_allowed","error":"Method Not Allowed: expected /;

const ANSWERS: readonly [request: string, status: number, body: RegExp, allow?: string][] = [
  ["PUT /metrics/job/a", 307, /^not pushed yet: /],
  ["POST /metrics/job/a", 307, /^not pushed yet: /],
  ["DELETE /metrics/job/a", 307, /^not pushed yet: /],
  ["GET /metrics/job/a", 200, /^nextUrl:http:\/\/a:9091\/metrics\/job\/a$/],
  ["OPTIONS /metrics/job/a", 200, /^$/],
  ["PATCH /metrics/job/a", 405, /^Method Not Allowed/, "DELETE, GET, OPTIONS, POST, PUT"],
  ["HEAD /metrics/job/a", 405, /^Method Not Allowed/, "DELETE, GET, OPTIONS, POST, PUT"],
  ["toString /metrics/job/a", 405, /^Method Not Allowed/, "DELETE, GET, OPTIONS, POST, PUT"],
  ["OPTIONS /metrics", 200, /^$/],
  ["PUT /metrics", 405, /^Method Not Allowed: expected GET, OPTIONS, found PUT/, "GET, OPTIONS"],
  ["DELETE /metrics", 405, /^Method Not Allowed/, "GET, OPTIONS"],
  ["toString /metrics", 405, /^Method Not Allowed/, "GET, OPTIONS"],
  ["constructor /sd", 405, /^Method Not Allowed/, "GET, HEAD"],
  ["__proto__ /-/ready", 405, /^Method Not Allowed/, "GET, HEAD"],
  ["GET /-/healthy", 200, /^OK\n$/],
  ["HEAD /-/healthy", 200, /^OK\n$/],
  ["GET /-/healthy?x=1", 200, /^OK\n$/],
  ["PUT /-/healthy", 405, /^Method Not Allowed/, "GET, HEAD"],
  ["GET /-/ready", 200, /^1 member\n$/],
  ["GET /sd", 200, /^\[\{"targets":\["a:9091"\]/],
  ["HEAD /sd", 200, /^\[/],
  ["POST /sd", 405, /^Method Not Allowed/, "GET, HEAD"],
  ["PUT /pushed", 405, /^Method Not Allowed: expected GET, HEAD, found PUT/, "GET, HEAD"],
  ["OPTIONS /pushed", 405, /^Method Not Allowed/, "GET, HEAD"],
  ["GET /test/v1", 200, /^Hello, /],
  ["GET /api/v1/scraping", 200, /"data":\{"scheme":"http","metrics_path":"\/metrics"\}/],
  ["PUT /api/v1/scraping", 405, JSON_NOT_ALLOWED, "GET"],
  ["GET /-/reload", 405, /^Method Not Allowed/, "POST, PUT"],
  ["PUT /", 405, /^Method Not Allowed: expected GET, HEAD, found PUT/, "GET, HEAD"],
  ["PUT /assets/main.js", 405, /^Method Not Allowed: expected GET, HEAD/, "GET, HEAD"],
  ["GET /healthy", 404, /^404 page not found\n$/],
  ["PUT /metrics/job/a/b", 400, /^odd number of components/],
  ["PUT /api/v1/admin/wipe", 403, ADMIN_API_OFF],
  ["PUT /api/v1/members/a:9091/drain", 403, ADMIN_API_OFF],
  ["GET /api/v1/members/a:9091/drain", 405, JSON_NOT_ALLOWED, "DELETE, PUT"],
  ["POST /api/v1/plan", 405, JSON_NOT_ALLOWED, "GET"],
];
for (const [request, status, body, allow] of ANSWERS) {
  Deno.test(`${request} is ${status}`, { permissions: "none" }, async () => {
    const answer = await handle(request);
    assert.equal(answer.status, status);
    assert.match(await answer.text(), body);
    assert.equal(answer.headers.get("allow"), allow ?? null);
  });
}

const NOT_READY: readonly [request: string, status: number, body: RegExp][] = [
  ["PUT /metrics/job/a", 503, /^no Pushgateway is known yet/],
  ["GET /metrics/job/a", 503, /^no Pushgateway is known yet/],
  ["GET /-/ready", 503, /^waiting for the first look-up of members\n$/],
  ["GET /-/healthy", 200, /^OK/],
  ["GET /sd", 503, /^the members are not known yet/],
  ["GET /test/v1", 200, /^Hello, /],
];
for (const [request, status, body] of NOT_READY) {
  Deno.test(
    `${request} before anything is known is ${status}`,
    { permissions: "none" },
    async () => {
      const answer = await handle(request, { snapshot: () => UNKNOWN });
      assert.equal(answer.status, status);
      assert.match(await answer.text(), body);
    },
  );
}

for (const method of ["GET", "HEAD"]) {
  Deno.test(`${method} /sd is 304 for a client that has the answer`, {
    permissions: "none",
  }, async () => {
    const etag = (await handle(`${method} /sd`)).headers.get("etag");
    const request = read(`${method} /sd`);
    request.headers.set("if-none-match", String(etag));
    const { status, headers } = await handlerOf()(request);
    assert.deepEqual([status, headers.get("etag")], [304, etag]);
  });
}

Deno.test("the Pushgateways' route prefix is answered beside none", {
  permissions: "none",
}, async () => {
  const config = { ...CONFIG, upstream: { ...CONFIG.upstream, routePrefix: "/metrics" } };
  const own = { config: () => config };
  for (const path of ["/metrics/job/a", "/metrics/metrics/job/a"]) {
    const answer = await handle(`PUT ${path}`, own);
    assert.equal(answer.headers.get("location"), "http://a:9091/metrics/metrics/job/a");
  }
  assert.equal((await handle("GET /metrics/-/healthy", own)).status, 200);
  assert.equal((await handle("GET /metrics/api/v1/members/x", own)).status, 405);
  assert.equal((await handle("GET /metrics", own)).status, 200);
});

for (const path of ["/pushed", "/pushed?partial=true", "/pg/pushed"]) {
  for (const method of ["GET", "HEAD"]) {
    Deno.test(`${method} ${path} is the page of all groups`, { permissions: "none" }, async () => {
      const config = { ...CONFIG, upstream: { ...CONFIG.upstream, routePrefix: "/pg" } };
      const asked: string[] = [];
      const answer = await handle(`${method} ${path}`, {
        config: () => config,
        pushed: ({ target }) => {
          asked.push(target);
          return Promise.resolve(new Reply(200));
        },
      });
      assert.deepEqual([answer.status, asked], [200, [path]]);
    });
  }
}

for (const header of [["content-length", "4"], ["transfer-encoding", "chunked"]] as const) {
  Deno.test(`a GET with ${header.join(": ")} at a push path is 405`, {
    permissions: "none",
  }, async () => {
    const request = new Request("http://localhost/metrics/job/a", {
      headers: Object.fromEntries([header]),
    });
    const answer = await handlerOf()(request);
    assert.deepEqual([answer.status, answer.headers.get("allow")], [405, "DELETE, POST, PUT"]);
  });
}

/** A push whose body comes until it is told to end. */
function sending(path = "/metrics/job/a") {
  const { promise: isSent, resolve: end } = Promise.withResolvers<void>();
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(10)),
    async pull(controller) {
      await isSent;
      controller.close();
    },
  });
  const headers = { "content-length": "10" };
  return { request: new Request(`http://h${path}`, { method: "PUT", body, headers }), end };
}

Deno.test("a redirect is answered once the body has come", { permissions: "none" }, async () => {
  const { request, end } = sending();
  const answering = handlerOf()(request);
  assert.equal(await isPending(answering), true);
  end();
  assert.equal((await answering).headers.get("location"), "http://a:9091/metrics/job/a");
});

Deno.test("a client that waits for a 100 is redirected without its body", {
  permissions: "none",
}, async () => {
  const { request, end } = sending();
  request.headers.set("expect", "100-continue");
  assert.equal((await handlerOf()(request)).status, 307);
  end();
});

for (
  const [what, method, headers, expected] of [
    [
      "a push by curl",
      "PUT",
      { "content-length": "10", "user-agent": "curl/8.23.0" },
      "redirected",
    ],
    ["a push that streams", "PUT", { "transfer-encoding": "chunked" }, "passed on"],
    ["a POST that streams", "POST", { "transfer-encoding": "chunked" }, "passed on"],
    ["a push that streams, by one who waits for a 100", "PUT", {
      "transfer-encoding": "chunked",
      expect: "100-continue",
    }, "passed on"],
    ["a push by aiohttp, which may send it again without its body", "PUT", {
      "content-length": "10",
      "user-agent": "Python/3.11 aiohttp/3.8.4",
    }, "passed on"],
    ["a push by requests", "PUT", {
      "content-length": "10",
      "user-agent": "python-requests/2.34.2",
    }, "redirected"],
    ["a push by requests through a proxy, which may have buffered a stream", "PUT", {
      "content-length": "10",
      "user-agent": "python-requests/2.34.2",
      via: "1.1 nginx",
    }, "passed on"],
    ["a push by wget through a proxy", "PUT", {
      "content-length": "10",
      "user-agent": "Wget/1.21.3",
      via: "1.1 nginx",
    }, "redirected"],
    ["a DELETE that streams", "DELETE", { "transfer-encoding": "chunked" }, "redirected"],
  ] as const
) {
  Deno.test(`in redirect mode ${what} is ${expected}`, { permissions: "none" }, async () => {
    const pass = () => Promise.resolve(new Reply(200));
    const proxy = { pass, bringHome: unasked, mustUnpack: () => false };
    const request = new Request("http://h/metrics/job/a", { method, headers, body: "x 1\n" });
    const { status } = await handlerOf({ proxy })(request);
    assert.equal(status, expected === "redirected" ? 307 : 200);
  });
}

Deno.test("a group that is out of place when the body has come is not redirected", {
  permissions: "none",
}, async () => {
  const { request, end } = sending();
  let idle = true;
  const handoff = {
    isIdle() {
      return idle;
    },
    spellingKnown: () => undefined,
    concerns: () => true,
    pathOn: () => undefined,
  };
  const answering = handlerOf({ handoff })(request);
  idle = false;
  end();
  const { status, headers } = await answering;
  assert.deepEqual([status, headers.get("retry-after")], [503, "1"]);
});

Deno.test("a reload of the name scheme while a push waits asks again where its group is", {
  permissions: "none",
}, async () => {
  const { request, end } = sending("/metrics/job/a/U__b_2e_c/d");
  const asked: string[] = [];
  let nameScheme: NameScheme = "legacy";
  const handoff = {
    isIdle: () => asked.length === 0 && nameScheme === "legacy" && !isSent,
    spellingKnown: ({ id }: { id: string }) => {
      asked.push(id);
      if (nameScheme === "utf8") return undefined;
      nameScheme = "utf8";
      return Promise.resolve();
    },
    concerns: ({ id }: { id: string }) => id.includes("U__"),
    pathOn: () => undefined,
  };
  let isSent = false;
  const answering = handlerOf({ handoff, config: () => ({ ...CONFIG, nameScheme }) })(request);
  isSent = true;
  end();
  const { status } = await answering;
  assert.deepEqual([status, asked], [307, ["/metrics/job/a/U__b_2e_c/d", "/metrics/job/a/b.c/d"]]);
});

const RELOADS: readonly [
  why: string,
  reload: RouteDeps["reload"],
  status: number,
  body: string,
][] = [
  ["while the lifecycle API is off", undefined, 403, "Lifecycle API is not enabled.\n"],
  ["of a good file", () => Promise.resolve({ ok: true }), 200, "configuration reloaded\n"],
  [
    "of a bad file",
    () => Promise.resolve({ ok: false, problems: ["f.yml:1:1: a", "f.yml:2:1: b"] }),
    500,
    "f.yml:1:1: a\nf.yml:2:1: b\n",
  ],
];
for (const [why, reload, status, body] of RELOADS) {
  for (const method of ["POST", "PUT"]) {
    Deno.test(`${method} /-/reload ${why} is ${status}`, { permissions: "none" }, async () => {
      const answer = await handle(`${method} /-/reload`, reload && { reload });
      assert.equal(answer.status, status);
      assert.equal(await answer.text(), body);
    });
  }
}

Deno.test(
  "the metrics page counts the requests before it",
  { permissions: "none" },
  async () => {
    let nowMs = 0;
    const reload = () => Promise.resolve({ ok: true } as const);
    const handler = handlerOf({ now: () => nowMs += 2, reload });
    const requests = ["PUT /metrics/job/a", "BREW /sd", "PUT /metrics/job/a", "PUT /-/reload"];
    for (const request of requests) {
      await (await handler(read(request))).text();
    }
    const page = await handler(read("GET /metrics"));
    assert.match(page.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    const text = await page.text();
    assert.match(text, /^dynamic_sharding_http_requests_total\{method="PUT",code="307"\} 2$/m);
    assert.match(text, /^dynamic_sharding_http_requests_total\{method="other",code="405"\} 1$/m);
    // Only the reload took its time.
    assert.match(text, /^dynamic_sharding_http_request_duration_seconds_sum 0\.002$/m);
    assert.match(text, /^dynamic_sharding_http_request_duration_seconds_count 4$/m);
  },
);

const BROKEN: readonly [why: string, own: Partial<RouteDeps>, request: string][] = [
  ["at once", {
    snapshot: () => {
      throw new Error("broken");
    },
  }, "PUT /metrics/job/a"],
  ["later", { reload: () => Promise.reject(new Error("broken")) }, "POST /-/reload"],
];
for (const [why, own, request] of BROKEN) {
  Deno.test(`an answer that breaks ${why} is 500, logged and counted`, {
    permissions: "none",
  }, async () => {
    const lines: string[] = [];
    const given = deps(own, { level: "info", lines });
    const answer = answerOf(await createHandler(given)(incoming(read(request))));
    assert.equal(answer.status, 500);
    assert.equal(
      await answer.text(),
      "internal error\n",
      "what broke is none of the client's business",
    );
    assert.equal(lines.length, 1);
    assert.match(lines[0], /level=error .*err=broken stack="Error: broken\\n +at /);
    assert.match(await given.metrics.render(), /http_requests_total\{method="P\w+",code="500"\} 1/);
  });
}

const LOGGED: readonly [level: LogLevel, lines: number][] = [["debug", 1], ["info", 0]];
for (const [level, number] of LOGGED) {
  Deno.test(
    `a request is ${number} lines in the log at ${level}`,
    { permissions: "none" },
    async () => {
      const lines: string[] = [];
      const handler = handlerOf({}, { level, lines });
      await (await handler(read("PUT /metrics/job/a?x=1"))).text();
      assert.equal(lines.length, number);
      if (number > 0) {
        assert.match(lines[0], /method=PUT target="?\/metrics\/job\/a\?x=1"? code=307/);
      }
    },
  );
}

Deno.test("every route is described in docs/openapi.yaml, and nothing else", {
  permissions: SPECIFICATION_PERMISSIONS,
}, async () => {
  const { methods } = await readSpecification();
  const known = [...createRoutes(deps())].map(([path, route]) => [path, Object.keys(route).sort()]);
  for (const path of ["/metrics/job/a", "/api/v1/members/a:9091/drain", "/assets/a.js"]) {
    const allow = (await handle(`BREW ${path}`)).headers.get("allow") ?? "";
    const template = path.replace("job/a", "job/{grouping}").replace("a:9091", "{member}")
      .replace("a.js", "{file}");
    known.push([template, allow.split(", ")]);
  }
  assert.deepEqual(Object.fromEntries(methods), Object.fromEntries(known));
});

function handle(request: string, own: Partial<RouteDeps> = {}): Promise<Response> {
  return handlerOf(own)(read(request));
}

function unasked(): never {
  return assert.fail("no member is asked");
}

function handlerOf(...given: Parameters<typeof deps>) {
  const handler = createHandler(deps(...given));
  return async (request: Request) => answerOf(await handler(incoming(request)));
}

function read(request: string): Request {
  const [method, target] = request.split(" ");
  return new Request(`http://127.0.0.1:9292${target}`, { method });
}

function deps(
  own: Partial<RouteDeps> = {},
  { level, lines }: { level: LogLevel; lines: string[] } = { level: "error", lines: [] },
): RouteDeps {
  return {
    snapshot: () => ONE_ACTIVE,
    config: () => CONFIG,
    admin: { wipe: unasked, metrics: unasked, status: unasked },
    enableAdminApi: false,
    proxy: { pass: unasked, bringHome: unasked, mustUnpack: () => false },
    handoff: {
      isIdle: () => true,
      spellingKnown: unasked,
      concerns: unasked,
      pathOn: () => undefined,
    },
    onRedirected() {},
    page: { index: unasked, file: unasked },
    groups: { find: unasked },
    sizes: unasked,
    locate: unasked,
    events: unasked,
    overview: unasked,
    members: { views: unasked, list: unasked, drain: unasked, plan: unasked, holdersOf: () => [] },
    awaitsDiscovery: () => false,
    pushed: unasked,
    deadlines: NO_DEADLINES,
    metrics: createMetrics(buildInfo()),
    log: openLog({ level, format: "logfmt", write: (line) => lines.push(line) }),
    now: () => 0,
    ...own,
  };
}
