/**
 * Every answer that docs/openapi.yaml describes is given by a running service before real Pushgateways,
 * and every answer that is given is described.
 *
 * @module
 */

import assert from "node:assert/strict";
import { startConsul } from "../../tools/consul.ts";
import { freePort, freePortOn } from "../../tools/ports.ts";
import { type Pushgateway, startPushgateway } from "../../tools/pushgateway.ts";
import { waitFor } from "../../tools/wait.ts";
import {
  type DescribedAnswer,
  type GivenAnswer,
  readSpecification,
  show,
  type Specification,
} from "../http/openapi.ts";
import { startApp } from "./app.ts";
import { asker, parseAnswer, request, servers, untilReady } from "./described.ts";
import { rawRequest, standIn, startBefore } from "./stand_in.ts";

const ADMIN = { flags: ["--web.enable-admin-api"] };
const PUSHES = ["PUT", "POST", "DELETE"] as const;
const PUSH = "/metrics/job/{grouping}";
const DRAIN = "/api/v1/members/{member}/drain";
const PROTOBUF =
  "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
const BODY_BYTES_MAX = 1_024;
const BUSY_TRIES_MAX = 10;
/** A search of so many takes several slices. */
const MANY_GROUPS = 20_000;

/** A member that may be drained. */
interface Drained {
  readonly drain?: { readonly staying: readonly unknown[] };
}

/** Asks for what has an ETag, until nothing has changed since the answer before. */
async function untilUnchanged(ask: ReturnType<typeof asker>["ask"], path: string): Promise<void> {
  await waitFor(async () => {
    const { headers } = await ask(`GET ${path}`, 200);
    try {
      await ask(`GET ${path}`, 304, { headers: { "if-none-match": headers.get("etag") ?? "" } });
      return true;
    } catch {
      return false;
    }
  }, { what: `${path} to stay as it is` });
}

/** A service that has all rights, before two Pushgateways that have theirs. */
async function askHealthy(specification: Specification, seen: (answer: DescribedAnswer) => void) {
  await using first = await startPushgateway(ADMIN);
  await using second = await startPushgateway(ADMIN);
  const members = [first, second];
  const config = `mode: proxy\nproxy: {body_size_limit: ${BODY_BYTES_MAX}B}\n${servers(members)}`;
  await using app = await startApp(config);
  await untilReady(app, 2);
  const { ask, check } = asker(app, specification, seen);

  const body = "# TYPE a counter\na 1\n# TYPE h histogram\n" +
    'h_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\n# TYPE s summary\ns{quantile="0.5"} 1\ns_sum 1\ns_count 1\n';
  const path = "/metrics/job/backup/instance/db1";
  for (const method of PUSHES) {
    const push = `${method} ${PUSH}`;
    await ask(push, method === "DELETE" ? 202 : 200, { path, body });
    await ask(push, 400, { path: "/metrics/job/a/b" });
    await ask(push, 413, { path, body: "#".repeat(BODY_BYTES_MAX + 1) });
  }
  await ask(`PUT ${PUSH}`, 400, { path, body: "x{ 1\n" });
  await ask(`PUT ${PUSH}`, 200, { path: "/metrics/job/backup%2Finstance%2Fdb1", body });
  const json = { accept: "application/json" };
  const { text } = await ask(`GET ${PUSH}`, 200, { path, headers: json });
  assert.deepEqual(JSON.parse(text).group, { job: "backup", instance: "db1" });
  await ask(`GET ${PUSH}`, 200, { path });
  await ask(`GET ${PUSH}`, 400, { path: "/metrics/job/a/b" });
  await ask(`OPTIONS ${PUSH}`, 200, { path });
  const withBody = await rawRequest(app, (write) =>
    write(
      `GET ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\na 1\n`,
    ));
  check(`GET ${PUSH}`, 405, parseAnswer(withBody));

  for (
    const path of ["/sd", "/api/v1/scraping", "/metrics", "/-/healthy", "/-/ready", "/test/v1"]
  ) {
    await ask(`GET ${path}`, 200);
  }
  await ask("GET /", 200);
  await ask("GET /", 200, { headers: { accept: "text/html" } });
  await ask("HEAD /", 200);
  for (const method of ["GET", "HEAD"]) {
    const file = `${method} /assets/{file}`;
    for (const name of ["main.js", "style.css", "icon.svg"]) {
      const path = `/assets/${name}`;
      const { headers } = await ask(file, 200, { path });
      await ask(file, 304, { path, headers: { "if-none-match": headers.get("etag") ?? "" } });
    }
    await ask(file, 404, { path: "/assets/other.js" });
  }
  for (const path of ["/api/v1/overview", "/api/v1/events", "/api/v1/members"]) {
    await untilUnchanged(ask, path);
  }
  await ask("GET /api/v1/locate", 200, { path: `/api/v1/locate?push=${path}` });
  await ask("GET /api/v1/locate", 400, { path: "/api/v1/locate?push=backup" });
  const { headers } = await ask("HEAD /sd", 200);
  const known = { "if-none-match": headers.get("etag") ?? "" };
  for (const method of ["GET", "HEAD"]) await ask(`${method} /sd`, 304, { headers: known });
  await ask("OPTIONS /metrics", 200);
  await ask("HEAD /-/healthy", 200);
  await ask("HEAD /-/ready", 200);

  // Two groups with one series, behind the back of the service.
  for (
    const [{ url }, path, body] of [
      [first, "/metrics/job/j/tag/v", "shared 1\n"],
      [second, "/metrics/job/j", 'shared{tag="v"} 2\n'],
    ] as const
  ) {
    assert.equal((await request(`${url}${path}`, { method: "PUT", body })).status, 200);
  }
  await ask("GET /api/v1/status", 200);
  const groups = JSON.parse((await ask("GET /api/v1/metrics", 200)).text);
  assert.deepEqual([groups.data.length, groups.warnings.length], [3, 1]);

  await ask("GET /api/v1/plan", 200, { path: `/api/v1/plan?remove=${first.address}` });
  await ask("GET /api/v1/plan", 400, { path: "/api/v1/plan?add=nonsense" });
  for (const method of ["GET", "HEAD"]) { // all members have been swept for the plan
    await ask(`${method} /pushed`, 200);
    await ask(`${method} /pushed`, 400, { path: "/pushed?partial=maybe" });
  }
  await ask("GET /pushed", 200, { headers: { accept: PROTOBUF } });
  await ask("GET /api/v1/members", 200);
  const find = { path: "/api/v1/groups?search=tag=v&limit=1" };
  const { data: page } = JSON.parse((await ask("GET /api/v1/groups", 200, find)).text);
  assert.deepEqual([page.matching, page.groups[0].path], [1, "/metrics/job/j/tag/v"]);
  await ask("GET /api/v1/groups", 400, { path: "/api/v1/groups?limit=0" });
  const sizes = { path: "/api/v1/sizes?push=job=j,tag=v&push=job=none" };
  const { data: read } = JSON.parse((await ask("GET /api/v1/sizes", 200, sizes)).text);
  assert.deepEqual(
    read.groups.map(({ sizes }: { sizes: readonly { samples: number }[] }) =>
      sizes.map(({ samples }) => samples)
    ),
    [[1], []],
  );
  await ask("GET /api/v1/sizes", 400);
  await ask("GET /api/v1/sizes", 400, { path: "/api/v1/sizes?push=/metrics/job/a/b" });
  await ask("DELETE /api/v1/groups", 202, {
    path: "/api/v1/groups?push=/metrics/job/backup/instance/db1",
  });
  await ask("DELETE /api/v1/groups", 400, { path: "/api/v1/groups?push=/metrics/job/j/tag" });
  const drainOf = (member: string) => ({ path: DRAIN.replace("{member}", member) });
  for (const method of ["PUT", "DELETE"]) {
    await ask(`${method} ${DRAIN}`, 400, drainOf("nonsense"));
    await ask(`${method} ${DRAIN}`, 404, drainOf("127.0.0.9:9"));
  }
  await ask(`DELETE ${DRAIN}`, 409, drainOf(first.address));
  await ask(`PUT ${DRAIN}`, 202, drainOf(first.address));
  await waitFor(async () => {
    const { data } = JSON.parse((await ask("GET /api/v1/members", 200)).text);
    return data.some(({ drain }: Drained) => drain && drain.staying.length > 0);
  }, { what: "the group to stay that the other Pushgateway refuses" });
  await ask(`PUT ${DRAIN}`, 409, drainOf(second.address));
  await ask(`DELETE ${DRAIN}`, 202, drainOf(first.address));
  await untilReady(app, 2);
  await ask("PUT /api/v1/admin/wipe", 202);

  for (const method of ["POST", "PUT"]) {
    await ask(`${method} /-/reload`, 200);
    await Deno.writeTextFile(app.configFile, "mode: sideways\n");
    await ask(`${method} /-/reload`, 500);
    await Deno.writeTextFile(app.configFile, config);
  }
  await Deno.writeTextFile(app.configFile, `handoff: {enabled: false}\n${config}`);
  await ask("POST /-/reload", 200);
  await ask("GET /api/v1/plan", 409);
  await ask("GET /api/v1/groups", 409);
  await ask("GET /api/v1/sizes", 409);
}

/** A service without rights, that redirects to one Pushgateway which checks nothing. */
async function askWithoutRights(
  specification: Specification,
  seen: (answer: DescribedAnswer) => void,
) {
  await using only = await startPushgateway({ flags: ["--push.disable-consistency-check"] });
  {
    // With handoff the first push may be passed on: the group may be out of place.
    await using app = await startApp(`handoff: {enabled: false}\n${servers([only])}`, {
      enableAdminApi: false,
      enableLifecycle: false,
    });
    await untilReady(app, 1);
    const { ask } = asker(app, specification, seen);
    const path = "/metrics/job/a";
    for (const method of PUSHES) {
      const { headers } = await ask(`${method} ${PUSH}`, 307, { path });
      assert.equal(headers.get("location"), `${only.url}${path}`);
    }
    await ask("PUT /api/v1/admin/wipe", 403);
    await ask("DELETE /api/v1/groups", 403, { path: "/api/v1/groups?push=/metrics/job/a" });
    for (const method of ["PUT", "DELETE"]) {
      await ask(`${method} ${DRAIN}`, 403, { path: DRAIN.replace("{member}", only.address) });
      await ask(`${method === "PUT" ? "PUT" : "POST"} /-/reload`, 403);
    }
  }
  await using app = await startApp(`mode: proxy\n${servers([only])}`);
  await untilReady(app, 1);
  const { ask, check } = asker(app, specification, seen);
  for (const method of ["PUT", "POST"]) {
    await ask(`${method} ${PUSH}`, 202, { path: "/metrics/job/a", body: "a 1\n" });
  }
  await ask("PUT /api/v1/admin/wipe", 502); // its admin API is off
  for (
    const [operation, clients, query] of [
      ["GET /api/v1/metrics", 1, ""],
      ["GET /api/v1/plan", 1, ""],
      ["GET /api/v1/sizes", 1, "?push=job=a"],
      ["GET /pushed", 4, ""],
      ["HEAD /pushed", 4, ""],
    ] as const
  ) {
    const answers = await askTooOften(app.url, { operation, query, clients, member: only });
    for (const answer of answers) check(operation, answer.status, answer);
  }
  // No member is asked for a search, so it has to take long by itself.
  await pushMany(only, MANY_GROUPS);
  await ask("GET /api/v1/plan", 200);
  const search = { operation: "GET /api/v1/groups", query: "?search=a", clients: 10 };
  for (const answer of await askTooOften(app.url, search)) {
    check(search.operation, answer.status, answer);
  }
  await only.kill9();
  await ask("GET /api/v1/status", 502);
  await ask("GET /api/v1/metrics", 502);
  for (const method of ["GET", "HEAD"]) await ask(`${method} /pushed`, 502);
}

/** Pushes many groups to a Pushgateway that checks nothing. */
async function pushMany({ url }: Pushgateway, groups: number): Promise<void> {
  const next = Array(groups).keys();
  await Promise.all(Array.from({ length: 16 }, async () => {
    for (const i of next) {
      const { status } = await request(`${url}/metrics/job/a/i/${i}`, { method: "PUT" });
      assert.equal(status, 202);
    }
  }));
}

/**
 * Asks once more than clients are answered, while the Pushgateway that is read for it stands still, so that none
 * is done.
 */
async function askTooOften(
  url: string,
  { operation, query, clients, member }: {
    readonly operation: string;
    readonly query: string;
    readonly clients: number;
    readonly member?: Pushgateway;
  },
): Promise<GivenAnswer[]> {
  const [method, path] = operation.split(" ");
  const target = `${url}${path}${query}`;
  for (let tries = 0; tries < BUSY_TRIES_MAX; tries++) {
    member?.kill("SIGSTOP");
    const all = Array.from({ length: clients + 1 }, () => request(target, { method }));
    const first = await Promise.race(all);
    member?.kill("SIGCONT");
    const answers = await Promise.all(all);
    if (first.status === 429) return answers;
  }
  throw new Error(`${operation}: expected a 429 for one client too many, found none`);
}

/** Members that hang, or break off, as the path of a push says. */
async function askOdd(specification: Specification, seen: (answer: DescribedAnswer) => void) {
  await using member = standIn((connection, push) => {
    if (push.includes("/metrics/job/breaks")) connection.close();
    return Promise.resolve();
  });
  await using app = await startBefore(
    [member],
    "mode: proxy\nhandoff: {enabled: false}\nproxy: {timeout: 1s}",
  );
  const { ask, check } = asker(app, specification, seen);
  await Promise.all(PUSHES.map(async (method) => {
    const push = `${method} ${PUSH}`;
    await ask(push, 502, { path: "/metrics/job/breaks", body: "a 1\n" });
    await ask(push, 504, { path: "/metrics/job/hangs", body: "a 1\n" });
    const late = await rawRequest(app, (write) =>
      write(
        `${method} /metrics/job/a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\n`,
      ));
    check(push, 408, parseAnswer(late));
  }));
  await ask("DELETE /api/v1/groups", 502, { path: "/api/v1/groups?push=/metrics/job/breaks" });
}

/** A service that knows no member, for there is no Consul. */
async function askUnready(specification: Specification, seen: (answer: DescribedAnswer) => void) {
  const consul = `127.0.0.1:${freePort()}`;
  await using app = await startApp(`mode: proxy\nconsul_server: {addr: "${consul}"}\n`);
  const { ask } = asker(app, specification, seen);
  for (const method of [...PUSHES, "GET"]) {
    await ask(`${method} ${PUSH}`, 503, { path: "/metrics/job/a" });
  }
  for (
    const path of [
      "/sd",
      "/pushed",
      "/-/ready",
      "/api/v1/status",
      "/api/v1/metrics",
      "/api/v1/plan",
    ]
  ) {
    await ask(`GET ${path}`, 503);
  }
  await ask("GET /api/v1/locate", 503, { path: "/api/v1/locate?push=job=a" });
  await ask("DELETE /api/v1/groups", 503, { path: "/api/v1/groups?push=/metrics/job/a" });
  for (const path of ["/sd", "/pushed", "/-/ready"]) await ask(`HEAD ${path}`, 503);
  await ask("PUT /api/v1/admin/wipe", 503);
}

/** A service whose Consul goes away while a member is being drained. */
async function askWithoutConsul(
  specification: Specification,
  seen: (answer: DescribedAnswer) => void,
) {
  const hosts = ["127.0.0.1", "127.0.0.2"];
  await using consul = await startConsul();
  const port = freePortOn(hosts);
  await using first = await startPushgateway({ hostname: hosts[0], port });
  await using second = await startPushgateway({ hostname: hosts[1], port });
  await using app = await startApp(
    `consul_server: {addr: "${consul.address}"}\n${servers([first, second])}`,
  );
  await untilReady(app, 2);
  const { ask } = asker(app, specification, seen);
  const drainOf = ({ address }: Pushgateway) => ({ path: DRAIN.replace("{member}", address) });
  await ask(`PUT ${DRAIN}`, 202, drainOf(first));
  await waitFor(async () => {
    const { data } = JSON.parse((await ask("GET /api/v1/members", 200)).text);
    return data.some(({ state }: { state: string }) => state === "draining");
  }, { what: "the member to be draining" });
  await consul.stop();
  await ask(`DELETE ${DRAIN}`, 502, drainOf(first));
  await ask(`PUT ${DRAIN}`, 502, drainOf(first));
}

Deno.test("every answer that the file describes is given, and none that it does not", async (t) => {
  const specification = await readSpecification();
  const given = new Set<string>();
  const seen = (answer: DescribedAnswer) => void given.add(show(answer));
  const steps = { askHealthy, askWithoutRights, askOdd, askUnready, askWithoutConsul };
  for (const [name, step] of Object.entries(steps)) {
    await t.step(name, () => step(specification, seen));
  }
  const described = specification.answers.map(show);
  assert.deepEqual(described.filter((answer) => !given.has(answer)), []);
});

Deno.test("every path is answered behind the route prefix of the Pushgateways, too", async () => {
  const specification = await readSpecification();
  await using member = await startPushgateway({ routePrefix: "/gateway" });
  const config = `pushgateway: {route_prefix: /gateway, servers: ["${member.address}"]}\n`;
  await using app = await startApp(config);
  await untilReady(app, 1);
  await request(`${app.url}/api/v1/plan`); // all members are swept for it
  for (const [template, methods] of specification.methods) {
    if (!methods.includes("GET")) continue;
    const path = template.replace("{grouping}", "a").replace("{file}", "main.js");
    const query = ["/api/v1/locate", "/api/v1/sizes"].includes(path) ? "?push=job=a" : "";
    const answer = await request(`${app.url}/gateway${path}${query}`);
    assert.equal(answer.status, 200, `${path}: ${answer.text}`);
    specification.check(`GET ${template}`, answer);
  }
});

Deno.test("another method is 405, and says which ones there are", async () => {
  const { methods, problemOf } = await readSpecification();
  await using app = await startApp(servers([{ address: "127.0.0.1:9" }]));
  for (const [template, expected] of methods) {
    const path = template.replace("{grouping}", "a").replace("{member}", "127.0.0.1:9");
    const { status, headers, text } = await request(`${app.url}${path}`, { method: "PATCH" });
    assert.equal(status, 405, path);
    assert.deepEqual(headers.get("allow")?.split(", ").sort(), expected, path);
    if (!path.startsWith("/api/v1/")) continue;
    const problem = problemOf(JSON.parse(text), ["components", "schemas", "Failure"]);
    assert.equal(problem, undefined, text);
  }
  const { status, text } = await request(`${app.url}/no/such/path`);
  assert.deepEqual([status, text], [404, "404 page not found\n"]);
});
