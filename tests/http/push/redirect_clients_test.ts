import assert from "node:assert/strict";
import { followsRedirect } from "../../../src/http/push/redirect_clients.ts";

const GO = "Go-http-client/1.1";

for (
  const [why, method, headers, expected] of [
    ["the Go client", "PUT", { "user-agent": GO }, true],
    ["the Go client that adds", "POST", { "user-agent": GO }, true],
    ["wget", "PUT", { "user-agent": "Wget/1.21.3" }, true],
    ["Deno's fetch", "PUT", { "user-agent": "Deno/2.9.6" }, true],
    ["Node's fetch", "PUT", { "user-agent": "node" }, true],
    ["a client whose name begins as Node's", "PUT", { "user-agent": "node-XMLHttpRequest" }, false],
    ["curl, which may lack -L", "PUT", { "user-agent": "curl/7.88.1" }, false],
    ["the Python client", "PUT", { "user-agent": "Python-urllib/3.11" }, false],
    ["Java, which may stream", "PUT", { "user-agent": "Java/17.0.15" }, false],
    ["one without a name", "PUT", {}, false],
    ["one with credentials", "PUT", { "user-agent": GO, authorization: "Basic eDp5" }, false],
    ["a body without a length", "PUT", { "user-agent": GO, "content-length": null }, false],
    ["a DELETE, which has to reach more than the owner", "DELETE", { "user-agent": GO }, false],
    ["one that the operator vouches for", "PUT", { "user-agent": "my-pusher/2" }, true],
    ["one that only contains such a name", "PUT", { "user-agent": "not-my-pusher/2" }, false],
  ] as const
) {
  Deno.test(`${expected ? "redirected" : "proxied"}: ${why}`, { permissions: "none" }, () => {
    const all = Object.entries({ "content-length": "4", ...headers });
    const sent = all.filter((entry): entry is [string, string] => entry[1] !== null);
    const request = { method, headers: new Headers(sent) } as Request;
    assert.equal(followsRedirect(request, ["my-pusher/"]), expected);
  });
}
