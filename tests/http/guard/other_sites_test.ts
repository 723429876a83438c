/** Requests that change something are refused where another site's page has sent them. */

import assert from "node:assert/strict";
import { otherSite } from "../../../src/http/guard/other_sites.ts";
import { incoming } from "../messages.ts";

const OWN = "push.example.org";

type Headers = Readonly<Record<string, string>>;
const CASES: readonly [why: string, headers: Headers, isRefused: boolean][] = [
  ["a client that pushes says nothing of sites", {}, false],
  ["a page of ours", { "sec-fetch-site": "same-origin", origin: `https://${OWN}` }, false],
  ["the user alone, as from a bookmark", { "sec-fetch-site": "none" }, false],
  ["a page of another site", { "sec-fetch-site": "cross-site" }, true],
  ["a page of a sibling, which somebody else may run", { "sec-fetch-site": "same-site" }, true],
  ["a page of another site that forges what it can", {
    "sec-fetch-site": "cross-site",
    origin: `https://${OWN}`,
  }, true],
  ["plain HTTP: a page of ours", { origin: `http://${OWN}` }, false],
  ["plain HTTP: a page of another site", { origin: "http://evil.example.com" }, true],
  ["plain HTTP: another port of the same host", { origin: `http://${OWN}:8080` }, true],
  ["plain HTTP: a page of no site, as in a sandbox", { origin: "null" }, true],
  ["plain HTTP: an extension", { origin: "chrome-extension://abcdef" }, true],
  ["an origin that only looks like ours", { origin: `http://${OWN}@evil.example.com` }, true],
  ["the port that https has anyway", { host: `${OWN}:443`, origin: `https://${OWN}` }, false],
  ["capital letters", { host: "Push.Example.org", origin: `https://${OWN}` }, false],
  ["a port of ours", { host: `${OWN}:9292`, origin: `http://${OWN}:9292` }, false],
  ["an address", { host: "[::1]:9292", origin: "http://[::1]:9292" }, false],
  ["a proxy that sends its own name on", {
    host: "10.0.0.9:9292",
    "x-forwarded-host": OWN,
    origin: `https://${OWN}`,
  }, false],
  ["two proxies", {
    host: "10.0.0.9:9292",
    "x-forwarded-host": `${OWN}, inner.example.org`,
    origin: `https://${OWN}`,
  }, false],
  ["another site's page through a proxy", {
    host: "10.0.0.9:9292",
    "x-forwarded-host": OWN,
    origin: "https://evil.example.com",
  }, true],
];

for (const [why, headers, isRefused] of CASES) {
  Deno.test(
    `a change is ${isRefused ? "refused" : "taken"}: ${why}`,
    { permissions: "none" },
    () => {
      for (const method of ["PUT", "POST", "DELETE", "PATCH"]) {
        assert.equal(otherSite(requestOf(method, headers)) !== undefined, isRefused, method);
      }
    },
  );
}

Deno.test("what changes nothing is answered to every page", { permissions: "none" }, () => {
  for (const method of ["GET", "HEAD", "OPTIONS"]) {
    const headers = { "sec-fetch-site": "cross-site", origin: "http://evil.example.com" };
    assert.equal(otherSite(requestOf(method, headers)), undefined, method);
  }
});

Deno.test("the header that shows another site is told", { permissions: "none" }, () => {
  assert.equal(otherSite(requestOf("PUT", { origin: "null" })), "Origin: null");
  const headers = { "sec-fetch-site": "cross-site" };
  assert.equal(otherSite(requestOf("PUT", headers)), "Sec-Fetch-Site: cross-site");
});

function requestOf(method: string, headers: Headers) {
  const request = incoming(new Request(`http://${OWN}/metrics/job/a`));
  return { ...request, method, headers: Object.entries({ host: OWN, ...headers }).flat() };
}
