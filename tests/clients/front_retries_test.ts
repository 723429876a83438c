/**
 * What the fronts, as docs/clients.md has them set, make of a push whose connection breaks before
 * the answer: who sends it again.
 *
 * @module
 */

import assert from "node:assert/strict";
import { outputOf } from "../../tools/command.ts";
import { type Component, ensureComponents } from "../../tools/components.ts";
import { answerOf, type RawMember, rawMember } from "../pushgateway/raw_member.ts";
import type { Method } from "./client.ts";
import { type Front, FRONT_NAMES, type FrontName, prepareFronts, startFront } from "./fronts.ts";

/** How often each kind of push arrives. */
type Arrivals = Readonly<Record<string, number>>;

/** Curl breaks off without an answer by stunnel, which does not know what it passes on. */
const NAMES = FRONT_NAMES.filter((name) => !name.startsWith("stunnel"));
const BODY = ["--data-binary", "pushed 2\n"];
const PUSHES: readonly (readonly [name: string, method: Method, args: readonly string[]])[] = [
  ["PUT", "PUT", BODY],
  ["POST", "POST", BODY],
  ["PUT without a body", "PUT", []],
  ["POST without a body", "POST", []],
  ["DELETE", "DELETE", []],
];
const ONCE: Arrivals = Object.fromEntries(PUSHES.map(([name]) => [name, 1]));
const TWICE: Arrivals = Object.fromEntries(PUSHES.map(([name]) => [name, 2]));
const NO_POST_TWICE: Arrivals = { ...TWICE, POST: 1, "POST without a body": 1 };

/** nginx with an `upstream`; it leaves out no server for a while. */
const nginxWith = (...servers: string[]) =>
  `upstream dynamic_sharding { ${servers.map((one) => `server ${one} max_fails=0;`).join(" ")} }
server { listen 10.0.0.8:9091; location / { proxy_pass http://dynamic_sharding; } }`;

/** A server that takes pushes, but breaks the connection of the first one to a path with `broken`. */
function breakingServer(): RawMember & { readonly arrivals: ReadonlyMap<string, number> } {
  const arrivals = new Map<string, number>();
  const member = rawMember(async (connection) => {
    for (let request; (request = await connection.request()) !== "";) {
      const [method, path] = request.split(" ");
      if (method !== "GET") arrivals.set(path, (arrivals.get(path) ?? 0) + 1);
      if (path.includes("broken") && arrivals.get(path) === 1) break;
      await connection.write(answerOf(""));
    }
    connection.close();
  });
  return Object.assign(member, { arrivals });
}

/** Pushes by curl to one path after the other over one connection. */
async function pushInTurn(
  front: Front,
  { curl, method, paths, args }: {
    readonly curl: Component;
    readonly method: Method;
    readonly paths: readonly string[];
    readonly args: readonly string[];
  },
): Promise<void> {
  const pushes = paths.map((path) => [
    ...["--silent", "--show-error", "--noproxy", "*", "--output", "/dev/null"],
    ...["--request", method, ...args, `http://${front.address}${path}`],
  ]);
  await outputOf(curl.command, pushes.flatMap((push, i) => i === 0 ? push : ["--next", ...push]), {
    env: curl.env,
  });
}

/**
 * Pushes through a front, each kind once, and once more over a connection that the client and the
 * front have had open before.
 */
async function arrivalsThrough(
  name: FrontName,
  { components, curl, example }: {
    readonly components: Record<FrontName, Component>;
    readonly curl: Component;
    readonly example?: string;
  },
): Promise<{ fresh: Arrivals; kept: Arrivals }> {
  await using server = breakingServer();
  const upstream = server.member;
  await using front = await startFront(name, { component: components[name], upstream, example });
  const fresh: Record<string, number> = {};
  const kept: Record<string, number> = {};
  for (const [i, [kind, method, args]] of PUSHES.entries()) {
    const [whole, broken, brokenLater] = ["whole", "broken", "broken-later"].map((job) =>
      `/metrics/job/${job}${i}`
    );
    await pushInTurn(front, { curl, method: "PUT", paths: [whole], args: BODY });
    await pushInTurn(front, { curl, method, paths: [broken], args });
    await pushInTurn(front, { curl, method, paths: [whole, brokenLater], args });
    fresh[kind] = server.arrivals.get(broken) ?? 0;
    kept[kind] = server.arrivals.get(brokenLater) ?? 0;
  }
  return { fresh, kept };
}

Deno.test("no front sends a POST again whose connection broke", async (t) => {
  const components = await prepareFronts();
  const { curl } = await ensureComponents(["curl"]);
  /** By the name without the version. */
  const others: Record<string, { fresh: Arrivals; kept: Arrivals }> = {
    squid: {
      fresh: { ...ONCE, "PUT without a body": 2, DELETE: 2 },
      kept: { ...ONCE, "PUT without a body": 2, DELETE: 2 },
    },
    // They end the connection of the client instead of an answer, and curl begins anew.
    apache: { fresh: ONCE, kept: TWICE },
    haproxy: { fresh: ONCE, kept: TWICE },
  };
  for (const name of NAMES) {
    await t.step(`${name}`, async () => {
      const found = await arrivalsThrough(name, { components, curl });
      const expected = others[name.replace("-sid", "")] ?? { fresh: ONCE, kept: ONCE };
      assert.deepEqual(found, expected);
    });
  }
  for (const name of ["nginx", "nginx-sid"] as const) {
    await t.step(`${name} with one server in an upstream`, async () => {
      const example = nginxWith("10.0.0.9:9292");
      const found = await arrivalsThrough(name, { components, curl, example });
      // From 1.29.7 on it keeps connections to the servers of an upstream.
      const expected = name === "nginx" ? ONCE : NO_POST_TWICE;
      assert.deepEqual(found, { fresh: expected, kept: expected });
    });
    await t.step(`${name} with two servers in an upstream`, async () => {
      const example = nginxWith("10.0.0.9:9292", "10.0.0.9:9292");
      const found = await arrivalsThrough(name, { components, curl, example });
      assert.deepEqual(found, { fresh: NO_POST_TWICE, kept: NO_POST_TWICE });
    });
  }
});
