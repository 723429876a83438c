/** Pushgateways that are behind a front of their own: pushes and moves reach them as ever. */

import assert from "node:assert/strict";
import { startPushgateway } from "../../tools/pushgateway.ts";
import { temporaryDirectory } from "../../tools/server.ts";
import { waitFor } from "../../tools/wait.ts";
import { startService } from "../integration/service.ts";
import { pathOf } from "./client.ts";
import { type Gauges, groupsOn } from "./fleet.ts";
import { type FrontName, prepareFronts, startFront } from "./fronts.ts";

const GROUPS = Array.from({ length: 40 }, (_, i) => ({ job: `a${i}`, instance: "a" }));
const LARGE = { job: "large", instance: "a" };
/** More than 1 MB, to be moved as well. */
const LARGE_TEXT = Array.from({ length: 50_000 }, (_, i) => `kept{n="${i}"} 1\n`).join("");

const PASSWORD = btoa("alice:wonder");
const SECURED_NGINX = `server {
  listen 10.0.0.8:9091 ssl;
  ssl_certificate /etc/stunnel/pushgateway.pem;
  ssl_certificate_key /etc/stunnel/pushgateway.key;
  client_max_body_size 16m;
  location = /-/healthy { proxy_pass http://10.0.0.9:9292; }
  location / {
    if ($http_authorization != "Basic ${PASSWORD}") { return 401; }
    proxy_pass http://10.0.0.9:9292;
  }
}`;

/** The first half is there at the start; with what some have in place of the docs' example. */
type Fronts = readonly (readonly [name: FrontName, example?: string])[];

const PLAIN: Fronts = [["nginx"], ["apache"], ["caddy"], ["haproxy"], ["squid"], ["nginx-sid"]];
const SECURED: Fronts = [
  ["nginx", SECURED_NGINX],
  ["stunnel"],
  ["nginx-sid", SECURED_NGINX],
  ["stunnel-sid"],
];

for (
  const [what, fronts, isSecure] of [
    ["over plain HTTP", PLAIN, false],
    ["with TLS and a password", SECURED, true],
  ] as const
) {
  Deno.test(`groups of Pushgateways behind fronts ${what} are pushed, moved and deleted whole`, async () => {
    const components = await prepareFronts();
    await using stack = new AsyncDisposableStack();
    const directory = await temporaryDirectory("dynamic-sharding-members");
    stack.defer(directory.remove);
    const ca = `${directory.path}/ca.pem`;
    const members = await Promise.all(fronts.map(async ([name, example]) => {
      const gateway = stack.use(await startPushgateway());
      const component = components[name];
      const upstream = gateway.address;
      const front = stack.use(await startFront(name, { component, upstream, example }));
      const trusted = front.ca === undefined ? "" : await Deno.readTextFile(front.ca);
      await Deno.writeTextFile(ca, trusted, { append: true });
      return { gateway, address: front.address };
    }));
    const secure = `  scheme: https\n  tls_config: {ca_file: ${ca}}\n` +
      "  basic_auth: {username: alice, password: wonder}\n";
    const config = (of: typeof members) =>
      `mode: proxy\nhandoff: {sweep_interval: 1s}\npushgateway:\n  servers: ${
        JSON.stringify(of.map(({ address }) => address))
      }\n${isSecure ? secure : ""}`;
    const half = members.slice(0, members.length / 2);
    await using service = await startService({
      config: config(half),
      flags: ["--web.enable-lifecycle"],
    });
    const change = async (to: typeof members) => {
      await service.configure(config(to));
      assert.equal((await service.get("/-/reload", { method: "POST" })).status, 200);
      await service.waitForMembers(to.map(({ address }) => address));
    };
    const push = async (group: typeof LARGE, method: string, body?: string) => {
      const { status, text } = await service.get(pathOf(group), { method, body });
      assert.equal(status, method === "DELETE" ? 202 : 200, text);
    };
    /** Whether each group has these gauges, and is on its owner alone. */
    const assertHeld = async (gauges: Gauges) => {
      const line = (job: string, address: string, gauges: Gauges) =>
        `${job} on ${address}: ${JSON.stringify(gauges)}`;
      const held = await Promise.all(members.map(async ({ gateway, address }) => {
        const groups = await groupsOn(gateway);
        return groups.map(({ labels, gauges }) => line(labels.job, address, gauges));
      }));
      const wanted = await Promise.all(
        [...GROUPS, LARGE].map(async (group) =>
          line(group.job, await service.ownerOf(pathOf(group)), gauges)
        ),
      );
      assert.deepEqual(held.flat().sort(), wanted.sort());
    };

    await service.waitForMembers(half.map(({ address }) => address));
    for (const group of GROUPS) await push(group, "PUT", "# TYPE kept gauge\nkept 1\n");
    await push(LARGE, "PUT", `# TYPE kept gauge\n${LARGE_TEXT}`);
    await assertHeld({ kept: "1" });

    await change(members);
    for (const group of [...GROUPS, LARGE]) {
      await push(group, "POST", "# TYPE changed gauge\nchanged 2\n");
    }
    await waitFor(() => assertHeld({ changed: "2", kept: "1" }).then(() => true), {
      what: "every group to be on its owner",
    });

    await change(half);
    await service.waitForLog("it is empty and may be stopped");
    await waitFor(() => assertHeld({ changed: "2", kept: "1" }).then(() => true), {
      what: "every group to be on its owner again",
    });
    for (const group of [...GROUPS, LARGE]) await push(group, "DELETE");
    const left = await Promise.all(members.map(({ gateway }) => groupsOn(gateway)));
    assert.deepEqual(left.flat(), []);
  });
}
