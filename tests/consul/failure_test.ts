/** What an operator reads of a request to Consul that failed. @module */

import assert from "node:assert/strict";
import * as z from "zod";
import { Secret } from "../../src/config/secret.ts";
import {
  type ConsulFailure,
  type FailureConfig,
  failureOf,
  isForbidden,
  isStatus,
  leaderless,
  noDatacenter,
  tlsFailure,
} from "../../src/consul/failure.ts";
import { policyRules, rightFor, type RightKind } from "../../src/consul/policy.ts";

const permissions = "none";
const CONFIG: FailureConfig = {
  scheme: "http",
  hostname: "127.0.0.1",
  port: 8500,
  serviceName: "pushgateway",
  tokenFile: "/etc/token",
};
const AGENT = "a Consul agent at http://127.0.0.1:8500";

/** As the library throws where Consul has answered. */
function answer(
  statusCode: number,
  body: unknown,
  path = "/v1/kv/a?consistent=true",
  method = "GET",
) {
  const response = { statusCode, body, headers: {}, req: { method, path } };
  return Object.assign(new Error("whatever"), { response });
}

/** As it throws where Consul has not. */
function broken(message: string, code?: string) {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

function fail(error: unknown, own: Partial<FailureConfig> = {}): ConsulFailure {
  return failureOf(error, { config: { ...CONFIG, ...own }, timeoutMs: 5_000 });
}

const FOUND: readonly [what: string, failure: ConsulFailure, message: string][] = [
  [
    "no agent",
    fail(broken("connect ECONNREFUSED 127.0.0.1:8500", "ECONNREFUSED")),
    `expected ${AGENT}, found connect ECONNREFUSED 127.0.0.1:8500; ` +
    "start the agent, or correct consul_server.addr",
  ],
  [
    "a name that does not exist",
    fail(broken("getaddrinfo ENOTFOUND consul.example", "ENOTFOUND"), {
      hostname: "consul.example",
    }),
    "expected a Consul agent at http://consul.example:8500, found getaddrinfo ENOTFOUND " +
    "consul.example; start the agent, or correct consul_server.addr",
  ],
  [
    "an agent that hangs",
    fail(broken("request timed out (5000ms)")),
    `expected an answer of ${AGENT} within 5000 ms, found none; the agent or its servers hang`,
  ],
  [
    "an agent that hangs for want of a leader",
    leaderless(fail(broken("request timed out (5000ms)"))),
    `expected an answer of ${AGENT} within 5000 ms, found none, because Consul has no leader; ` +
    "a majority of Consul's servers has to run (consul operator raft list-peers)",
  ],
  [
    "a connection that is closed",
    fail(broken("socket hang up", "ECONNRESET")),
    `expected an answer of ${AGENT}, found socket hang up; the agent has stopped, or has too many ` +
    "connections from here (limits.http_max_conns_per_client)",
  ],
  [
    "no leader",
    fail(answer(500, "No cluster leader")),
    "GET /v1/kv/a: expected status 200, found 500 (No cluster leader); " +
    "a majority of Consul's servers has to run (consul operator raft list-peers)",
  ],
  [
    "a leader that has just gone",
    fail(answer(500, "rpc error making call: EOF")),
    "GET /v1/kv/a: expected status 200, found 500 (rpc error making call: EOF); " +
    "a majority of Consul's servers has to run (consul operator raft list-peers)",
  ],
  [
    "an agent without servers",
    fail(answer(500, "No known Consul servers")),
    "GET /v1/kv/a: expected status 200, found 500 (No known Consul servers); " +
    "the agent reaches no server: start one, or see its retry_join",
  ],
  [
    "a datacenter that does not exist",
    fail(answer(500, "No path to datacenter"), { datacenter: "dc9" }),
    "GET /v1/kv/a: expected status 200, found 500 (No path to datacenter); " +
    "consul_server.datacenter is dc9: write one that Consul knows, or leave it out for that of the agent",
  ],
  [
    "a datacenter that does not exist, where others do",
    noDatacenter(
      fail(answer(500, "No path to datacenter"), { datacenter: "dc9" }),
      { ...CONFIG, datacenter: "dc9" },
      ["dc1", "dc2"],
    ),
    "GET /v1/kv/a: expected status 200, found 500 (No path to datacenter); consul_server.datacenter " +
    "is dc9: write one that Consul knows (dc1, dc2), or leave it out for that of the agent",
  ],
  [
    "a token that has expired",
    fail(answer(403, "ACL not found")),
    "GET /v1/kv/a: expected status 200, found 403 (ACL not found); " +
    "Consul does not know the token in /etc/token: it has expired, was deleted, or belongs to another Consul",
  ],
  [
    "a token without a right",
    fail(answer(403, "Permission denied", "/v1/session/create", "PUT")),
    "PUT /v1/session/create: expected status 200, found 403 (Permission denied); " +
    'give the token in /etc/token the rule session_prefix "" { policy = "write" }',
  ],
  [
    "a token of the file itself without a right, as later versions of Consul say it",
    fail(
      answer(
        403,
        "Permission denied: token with AccessorID '1' lacks permission 'key:read' on \"a\"",
      ),
      { tokenFile: undefined, token: new Secret("secret") },
    ),
    "GET /v1/kv/a: expected status 200, found 403 (Permission denied: token with AccessorID '1' lacks " +
    "permission 'key:read' on \"a\"); give the token of consul_server the rule " +
    'key_prefix "dynamic-sharding/" { policy = "write" }',
  ],
  [
    "no token",
    fail(answer(403, "Permission denied", "/v1/agent/service/register", "PUT"), {
      tokenFile: undefined,
    }),
    "PUT /v1/agent/service/register: expected status 200, found 403 (Permission denied); consul_server " +
    'has no token: set token_file to one with the rule service "pushgateway" { policy = "write" }',
  ],
  [
    "a transaction without a right",
    fail(
      answer(409, { Errors: [{ OpIndex: 1, What: "Permission denied" }] }, "/v1/txn", "PUT"),
    ),
    "PUT /v1/txn: expected status 200, found 409 (Permission denied); " +
    'give the token in /etc/token the rule key_prefix "dynamic-sharding/" { policy = "write" }',
  ],
  [
    "a proxy before Consul that wants a password",
    fail(answer(401, "who are you?\n")),
    "GET /v1/kv/a: expected status 200, found 401 (who are you?); " +
    "correct consul_server.username and password",
  ],
  [
    "Consul's HTTPS port",
    fail(
      answer(400, new TextEncoder().encode("Client sent an HTTP request to an HTTPS server.\n")),
    ),
    "GET /v1/kv/a: expected status 200, found 400 (Client sent an HTTP request to an HTTPS server.); " +
    "set consul_server.scheme: https, or take Consul's HTTP port",
  ],
  [
    "another server that knows no such path",
    fail(answer(404, "<html>\nnot found")),
    "GET /v1/kv/a: expected status 200, found 404 (<html>); " +
    "is consul_server.addr the HTTP API of a Consul agent?",
  ],
  [
    "another server that answers something",
    fail(z.array(z.string()).safeParse({ a: 1 }).error),
    "expected an answer of Consul's API from http://127.0.0.1:8500, found Invalid input: expected " +
    "array, received object; correct consul_server.addr",
  ],
  [
    "whatever else goes wrong there",
    fail(answer(500, undefined)),
    "GET /v1/kv/a: expected status 200, found 500; see the log of the agent",
  ],
];
for (const [what, { message }, expected] of FOUND) {
  Deno.test(`of ${what} it is said what was expected, what was found, and what to do`, {
    permissions,
  }, () => {
    assert.equal(message, expected);
  });
}

/** As Deno 2.9 says it, and 2.7. */
const TLS_FOUND: readonly [found: string, remedy: string][] = [
  ["unable to verify the first certificate", "set consul_server.tls_config.ca_file to the CA"],
  ["invalid peer certificate: UnknownIssuer", "set consul_server.tls_config.ca_file to the CA"],
  [
    "Hostname/IP does not match certificate's altnames: Host: a. is not in the cert's altnames: DNS:b",
    "set consul_server.tls_config.server_name to a name of Consul's certificate",
  ],
  [
    'invalid peer certificate: certificate not valid for name "a"; certificate is only valid for b',
    "set consul_server.tls_config.server_name to a name of Consul's certificate",
  ],
  ["received fatal alert: BadCertificate", "Consul wants a client certificate"],
  ["received fatal alert: CertificateRequired", "Consul wants a client certificate"],
  ["received corrupt message of type InvalidContentType", "set consul_server.scheme: http"],
  ["invalid peer certificate: Expired", "renew Consul's certificate, or set the clock"],
  [
    "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))",
    "Consul's certificate is that of a CA: use it to sign one for the server",
  ],
  ["something else", "see consul_server.tls_config"],
];
for (const [found, remedy] of TLS_FOUND) {
  Deno.test(`what to do about "${found}" is said`, { permissions }, () => {
    const { message } = tlsFailure(found, { ...CONFIG, scheme: "https" });
    const what = `expected a TLS connection to https://127.0.0.1:8500, found ${found}; ${remedy}`;
    assert(message.startsWith(what), message);
  });
}

Deno.test("only a token that Consul knows is without rights, of a transaction, too", {
  permissions,
}, () => {
  const denied = fail(answer(403, "Permission denied"));
  const inTransaction = fail(answer(409, { Errors: [{ OpIndex: 0, What: "Permission denied" }] }));
  assert(isForbidden(denied) && isForbidden(inTransaction));
  assert(isStatus(inTransaction, 403));
  const unknown = fail(answer(403, "ACL not found"));
  assert(!isForbidden(unknown) && isStatus(unknown, 403));
  assert(!isForbidden(fail(answer(500, "No cluster leader"))));
});

Deno.test("failures that call for the same deed count as one, whatever their texts", {
  permissions,
}, () => {
  const [one, other] = ["127.0.0.1:40001", "127.0.0.1:40002"].map((port) =>
    fail(
      answer(500, `rpc error getting client: failed to get conn: dial tcp ${port}->127.0.0.1:8300`),
    )
  );
  assert.notEqual(one.message, other.message);
  assert.equal(one.reason, other.reason);
  const [nodes, keys] = ["/v1/catalog/nodes", "/v1/kv/a"].map((path) =>
    fail(answer(403, "Permission denied", path))
  );
  assert.notEqual(nodes.reason, keys.reason, "each right is given by itself");
});

const RIGHTS: Readonly<Record<string, RightKind>> = {
  "/v1/agent/service/register": "service",
  "/v1/agent/services": "service",
  "/v1/agent/health/service/name/pushgateway": "service",
  "/v1/health/service/pushgateway": "service",
  "/v1/catalog/nodes": "nodes",
  "/v1/session/create": "sessions",
  "/v1/session/renew/1": "sessions",
  "/v1/kv/dynamic-sharding/pushgateway/lock/a": "keys",
  "/v1/txn": "keys",
};
for (const [path, right] of Object.entries(RIGHTS)) {
  Deno.test(`${path} needs the rule ${policyRules("pushgateway")[right]}`, { permissions }, () => {
    assert.equal(rightFor(path), right);
  });
}
