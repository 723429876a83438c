/** What is told of a group that somebody pastes. */

import assert from "node:assert/strict";
import { parseConfig } from "../../../src/config/load.ts";
import { createLocate } from "../../../src/http/api/locate.ts";
import { member } from "../../membership/story.ts";
import { answerOf } from "../messages.ts";

const permissions = "none";
const OWNER = member("a");
const YAML = "pushgateway: {route_prefix: /pg, servers: [a:9091]}";
const CONFIG = parseConfig(YAML, { path: "", env: () => undefined });

async function locate(push: string, owner: typeof OWNER | undefined = OWNER) {
  const answer = createLocate({
    config: () => CONFIG,
    handoff: { ownerOf: () => owner, pathOn: () => undefined },
    holders: (id) => [{ member: member(`of-${id.length}`), reachable: true }],
  })(`/api/v1/locate?${new URLSearchParams({ push })}`);
  return { ...await answerOf(answer).json(), status: answer.status };
}

const USUAL = "/metrics/job/backup/instance/db1";
const PASTED: readonly [text: string, path: string, spelling: string][] = [
  [USUAL, USUAL, "usual"],
  [` ${USUAL} `, USUAL, "usual"],
  [`http://gateway:9091/pg${USUAL}`, USUAL, "usual"],
  [`https://gateway${USUAL}?x=1`, USUAL, "usual"],
  ["metrics/job/backup/instance/db1", USUAL, "usual"],
  ["job/backup/instance/db1", USUAL, "usual"],
  ["job=backup,instance=db1", USUAL, "usual"],
  ['{instance="db1", job="backup"}', USUAL, "usual"],
  ["job=backup instance=db1".replace(" ", ", "), USUAL, "usual"],
  ['{job="a\\"b"}', "/metrics/job/a%22b", "usual"],
  ['job="x/y"', "/metrics/job@base64/eC95", "usual"],
  ["/metrics/job@base64/YmFja3Vw/instance/db1", USUAL, "other"],
  ["/metrics/job/backup/zone/b/instance/db1", "/metrics/job/backup/instance/db1/zone/b", "other"],
  ["/metrics//job/backup/instance/db1", USUAL, "changed"],
  ["/metrics/job/backup/instance@base64/=", "/metrics/job/backup", "changed"],
];
for (const [text, path, spelling] of PASTED) {
  Deno.test(`${JSON.stringify(text)} is ${path}, ${spelling}`, { permissions }, async () => {
    const { status, data } = await locate(text);
    assert.equal(status, 200);
    assert.deepEqual([data.path, data.spelling], [path, spelling]);
    assert.equal(data.url, `http://a:9091/pg${path}`);
    assert.equal(data.owner, OWNER);
    assert.equal(data.holders.length, 1);
  });
}

const REFUSED: readonly [text: string, why: RegExp][] = [
  ["", /^push: expected a push URL, a path as \/metrics\/job\/JOB, or labels/],
  ["backup", /^push: expected a push URL/],
  ["instance=db1", /^push: expected a push URL/],
  ["job=a b=c", /^push: expected a push URL/],
  ["/metrics/job/a/b", /^odd number of components/],
  ["http://gateway:9091", /404 page not found/],
  ["/metrics/job/a//b", /^empty path segment/],
];
for (const [text, why] of REFUSED) {
  Deno.test(`${JSON.stringify(text)} is refused with a reason`, { permissions }, async () => {
    const { status, error } = await locate(text);
    assert.equal(status, 400);
    assert.match(error, why);
  });
}
