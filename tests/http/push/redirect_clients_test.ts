import assert from "node:assert/strict";
import { followsRedirect, losesBody } from "../../../src/http/push/redirect_clients.ts";

const PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; " +
  "encoding=delimited";
const GO = { "user-agent": "Go-http-client/1.1", "content-type": PROTOBUF };
const WGET = { "user-agent": "Wget/1.21.3" };

for (
  const [why, method, headers, expected] of [
    ["the Go client", "PUT", GO, true],
    ["the Go client that adds", "POST", GO, true],
    ["the Go client of a newer format", "PUT", {
      ...GO,
      "content-type": `${PROTOBUF}; escaping=values`,
    }, true],
    ["another Go program", "PUT", { "user-agent": "Go-http-client/1.1" }, false],
    ["another Go program that sends text", "PUT", { ...GO, "content-type": "text/plain" }, false],
    ["another client that sends protobuf", "PUT", { ...GO, "user-agent": "curl/7.88.1" }, false],
    ["wget", "PUT", WGET, true],
    ["Deno's fetch", "PUT", { "user-agent": "Deno/2.9.6" }, true],
    ["Node's fetch, which fails with some bodies", "PUT", { "user-agent": "node" }, false],
    ["curl, which may lack -L", "PUT", { "user-agent": "curl/7.88.1" }, false],
    ["the Python client", "PUT", { "user-agent": "Python-urllib/3.11" }, false],
    ["Java, which may stream", "PUT", { "user-agent": "Java/17.0.15" }, false],
    ["one without a name", "PUT", {}, false],
    ["one with credentials", "PUT", { ...WGET, authorization: "Basic eDp5" }, false],
    ["a body without a length", "PUT", { ...WGET, "content-length": null }, false],
    ["a DELETE, which has to reach more than the owner", "DELETE", GO, false],
    ["one behind a proxy that says so", "PUT", { ...WGET, via: "1.1 proxy" }, false],
    ["one that is forwarded", "PUT", { ...WGET, forwarded: "for=192.0.2.1" }, false],
    ["one that is forwarded as most proxies do", "PUT", {
      ...WGET,
      "x-forwarded-for": "192.0.2.1",
    }, false],
    ["one of the operator's behind a proxy", "PUT", {
      "user-agent": "my-pusher/2",
      "x-forwarded-proto": "https",
    }, false],
    ["one that the operator vouches for", "PUT", { "user-agent": "my-pusher/2" }, true],
    ["one that only contains such a name", "PUT", { "user-agent": "not-my-pusher/2" }, false],
  ] as const
) {
  Deno.test(`${expected ? "redirected" : "proxied"}: ${why}`, { permissions: "none" }, () => {
    const all = Object.entries({ "content-length": "4", ...headers });
    const sent = all.filter((entry): entry is [string, string] => entry[1] !== null);
    const request = { method, version: "1.1", headers: sent.flat() } as const;
    assert.equal(followsRedirect(request, ["my-pusher/"]), expected);
  });
}

Deno.test("proxied: a push over HTTP/1.0, which comes through a proxy", {
  permissions: "none",
}, () => {
  const headers = Object.entries({ ...WGET, "content-length": "4" }).flat();
  for (const version of ["1.1", "1.0"] as const) {
    const expected = version === "1.1";
    assert.equal(followsRedirect({ method: "PUT", version, headers }, []), expected);
  }
});

Deno.test("a push over HTTP/1.0 may have streamed, which requests cannot send twice", {
  permissions: "none",
}, () => {
  const body = { length: 4, isThere: true, read: () => Promise.resolve(0) };
  const loses = (agent: string, version: "1.0" | "1.1") => {
    const headers = ["User-Agent", agent, "Content-Length", "4"];
    return losesBody({ method: "PUT", version, headers, body });
  };
  assert.equal(loses("python-requests/2.34.2", "1.1"), false);
  assert.equal(loses("python-requests/2.34.2", "1.0"), true);
  assert.equal(loses("Wget/1.21.3", "1.0"), false);
});
