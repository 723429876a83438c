/** What Consul asks a member, and that it asks nothing else. @module */

import assert from "node:assert/strict";
import type { UpstreamConfig } from "../../src/config/upstream.ts";
import { startConsul } from "../../tools/consul.ts";
import { waitFor } from "../../tools/wait.ts";
import { rawMember } from "../pushgateway/raw_member.ts";
import { runRegistration } from "./registering.ts";

const HTTP: UpstreamConfig = { scheme: "http", routePrefix: "", tls: {} };
/** Of other kinds, for which Consul can only connect. */
const CONNECTING: readonly [why: string, upstream: UpstreamConfig][] = [
  ["a password", { ...HTTP, basicAuth: { username: "a" } }],
  ["a client certificate", {
    ...HTTP,
    scheme: "https",
    tls: { certFile: "a.pem", keyFile: "a.key" },
  }],
];

for (const [why, upstream] of CONNECTING) {
  Deno.test(`where members come to want ${why} Consul connects to them, and asks no more`, async () => {
    let asked = 0;
    await using member = rawMember(async (connection) => {
      if (await connection.request() !== "") asked++;
      connection.close();
    });
    await using consul = await startConsul();
    const register = (upstream: UpstreamConfig) =>
      runRegistration(consul, {
        configured: [member.member],
        upstream,
        check: { interval: "1s", timeout: "1s", deregisterAfter: "1m" },
      });
    await register(HTTP);
    await waitFor(() => asked > 0, { what: "Consul to ask" });

    await register(upstream);
    const [before, accepted] = [asked, member.accepted];
    await waitFor(() => member.accepted >= accepted + 3, { what: "Consul to connect three times" });
    assert.equal(asked, before, "the former check has ended");
    const [check] = Object.values(await (await consul.api("/v1/agent/checks")).json());
    const { Type, Status } = check as { Type: string; Status: string };
    assert.deepEqual([Type, Status], ["tcp", "passing"]);
  });
}
