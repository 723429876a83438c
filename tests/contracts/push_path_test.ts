/**
 * `parsePushPath()` against a real Pushgateway: what we call a group is that group there, what it
 * refuses we refuse, and two spellings of one group here are one there. A difference moves live
 * groups to the wrong owner, or splits one between two.
 *
 * @module
 */

import fc from "fast-check";
import assert from "node:assert/strict";
import { groupPath } from "../../src/group/group.ts";
import type { NameScheme } from "../../src/group/label_name.ts";
import { parsePushPath, type PushPath } from "../../src/group/push_path.ts";
import { type Pushgateway, startPushgateway } from "../../tools/pushgateway.ts";
import { TARGETS, TARGETS_UTF8_NAMES } from "./push_paths.ts";
import { sendRaw, sendRawFollowing } from "./raw_http.ts";

/**
 * Where we differ on purpose. Each has its check below; anything else that differs is a fault.
 */
const DIFFERENCES = {
  emptyInstance: "an empty instance is dropped: a group with one beside the same group without " +
    "makes the Pushgateway refuse every push",
  poison: "a push that the Pushgateway refuses and that leaves its page at 500 is refused here " +
    "before it gets there, in words of our own",
  harmlessThere: "what is no UTF-8, and names that would be reserved once unescaped, are refused " +
    "here even where the Pushgateway would not come to expose them",
  otherEndpoints: "a path of the Pushgateway's own pages, which it answers with 405, is no push " +
    "path here: 404",
  noUtf8: "what is no UTF-8 is refused as such, whatever else is wrong with it",
  emptySegment:
    "an empty segment behind the route is refused: cleaned away, it would be another group",
  detail: "a malformed escape is shown, and a job's bad base64 not the part that Go could decode",
} as const;

/** Pushes that a Pushgateway takes and we do not: `harmlessThere`. */
const HARMLESS_THERE: Readonly<Record<NameScheme, readonly string[]>> = {
  legacy: [
    "/metrics/job/a/job/%E9",
    "/metrics/job/a/job@base64/_w",
    "/metrics/job/a/env/%E9/env/x",
    "/metrics/job/a/env@base64/_w/env/x",
    "/metrics/job/a/U___5f__5f_x/y",
    "/metrics/job/a/U______x/y",
  ],
  utf8: [
    "/metrics/job/a/job/%E9",
    "/metrics/job/a/job@base64/_w",
    "/metrics/job/a/env/%E9/env/x",
    "/metrics/job/a/env@base64/_w/env/x",
  ],
};

const BODY = "m 1\n";
const PROPERTY_RUNS = 300;

for (const scheme of ["legacy", "utf8"] as const) {
  const targets = scheme === "utf8" ? [...TARGETS, ...TARGETS_UTF8_NAMES] : TARGETS;

  Deno.test(`a Pushgateway with ${scheme} names reads push paths as we do`, async (t) => {
    await using pushgateway = await startWith(scheme);
    for (const target of targets) {
      await t.step(JSON.stringify(short(target)), () => compare(pushgateway, { target, scheme }));
    }
  });

  Deno.test(`spellings of one group are one group with ${scheme} names`, async (t) => {
    await using pushgateway = await startWith(scheme);
    for (const [canonical, spellings] of groupsWithManySpellings(targets, scheme)) {
      await t.step(`${short(canonical)} in ${spellings.length} spellings`, async () => {
        try {
          for (const target of spellings) {
            const answer = await sendRawFollowing(put(pushgateway, target));
            assert.equal(answer.status, 200, `${target}: ${answer.body}`);
          }
          const groups = await pushgateway.groups();
          assert.equal(groups.length, 1, JSON.stringify(groups));
        } finally {
          await pushgateway.wipe();
        }
      });
    }
  });

  Deno.test(`random paths mean the same to a Pushgateway with ${scheme} names`, async () => {
    await using pushgateway = await startWith(scheme);
    await fc.assert(
      fc.asyncProperty(randomPath, (target) => compare(pushgateway, { target, scheme })),
      // A seed of its own each time would one day fail a change that has nothing to do with it.
      { seed: 20_000, numRuns: PROPERTY_RUNS },
    );
  });
}

/** Paths from parts that have a meaning to somebody on the way, in any order. */
const randomPath = fc.tuple(
  fc.constantFrom(
    "/metrics/job/",
    "/metrics/job/a/",
    "/metrics/job@base64/",
    "/metrics/job/a/env/",
    "/metrics/job/a/env@base64/",
    "/metrics/job/a/instance/",
    "/Metrics/job/",
    "//metrics/job/",
    "/metrics/",
  ),
  fc.array(
    fc.constantFrom(
      ...["/", "/", "/", "//", ".", "..", "a", "b", "job", "env", "instance", "/job/b", "metrics"],
      ...["@base64", "%40base64", "/eA", "YQ", "YR", "=", "%3D", "%2F", "%2f", "%2E", "%2e%2e"],
      ...["%61", "%6A", "%20", "%25", "%252F", "%C3%A9", "é", "🚀", "\u0301"],
      ...["+", "-", "_", "__", "1", ":", ";", ",", "~", "*", "$", "&", "'", "(", "!", "#", "\\"],
      ...['"', "<", "|", "?x=/y", "%zz", "%"],
    ),
    { maxLength: 7 },
  ),
).map(([start, parts]) => start + parts.join(""));

/** One target: its reading here against what becomes of a PUT there. Leaves the store empty. */
async function compare(
  pushgateway: Pushgateway,
  { target, scheme }: { target: string; scheme: NameScheme },
): Promise<void> {
  const parsed = parsePushPath(pathOf(target), scheme);
  try {
    if (parsed.kind === "group") await compareGroup(pushgateway, { target, parsed, scheme });
    else await compareRefusal(pushgateway, { target, parsed, scheme });
  } finally {
    await pushgateway.wipe();
  }
}

async function compareGroup(
  pushgateway: Pushgateway,
  { target, parsed, scheme }: {
    target: string;
    parsed: PushPath & { kind: "group" };
    scheme: NameScheme;
  },
): Promise<void> {
  const labels = { job: parsed.group.job, ...Object.fromEntries(parsed.group.labels) };
  const answer = await sendRawFollowing(put(pushgateway, target));
  assert.equal(answer.status, 200, answer.body);
  const groups = await pushgateway.groups();
  assert.deepEqual(groups.map(withoutEmptyInstance), [labels]);

  for (const path of [parsed.path, groupPath(parsed.group, scheme)]) {
    await pushgateway.wipe();
    const direct = await sendRaw(put(pushgateway, path));
    assert.equal(direct.status, 200, `${path}: ${direct.body}`);
    assert.deepEqual(await pushgateway.groups(), [labels], path);
  }
}

async function compareRefusal(
  pushgateway: Pushgateway,
  { target, parsed, scheme }: {
    target: string;
    parsed: PushPath & { kind: "refused" };
    scheme: NameScheme;
  },
): Promise<void> {
  const answer = await sendRawFollowing(put(pushgateway, target));
  const found = answer.body.trim();
  if (parsed.reason.startsWith("empty path segment")) { // DIFFERENCES.emptySegment
    assert(answer.targets.length > 1, "it is cleaned there");
    return;
  }
  if (HARMLESS_THERE[scheme].includes(target)) {
    assert.equal(answer.status, 200, `${found}; expected: ${DIFFERENCES.harmlessThere}`);
    assert.equal(parsed.status, 400);
  } else if (answer.status === 400 && (await pushgateway.groups()).length > 0) {
    const page = await sendRaw({ ...put(pushgateway, "/metrics"), method: "GET", body: "" });
    assert.equal(page.status, 500, DIFFERENCES.poison);
    assert.equal(parsed.status, 400);
  } else if (answer.status === 405 && answer.targets.at(-1) !== "/metrics") {
    assert.equal(parsed.status, 404, DIFFERENCES.otherEndpoints);
  } else {
    assert.equal(parsed.status, answer.status, `${parsed.reason}, there: ${found}`);
    if (parsed.reason !== "grouping key is not valid UTF-8") { // DIFFERENCES.noUtf8
      assert.equal(withoutDetail(parsed.reason), withoutDetail(found));
    }
  }
}

/** A reason without what DIFFERENCES.detail allows. */
function withoutDetail(reason: string): string {
  return reason
    .replace(/^(400 Bad Request): invalid percent-encoding in .*$/s, "$1")
    .replace(/^(invalid base64 encoding in job name ").*(": illegal base64 data)/s, "$1$2");
}

/**
 * Every way to write a group that has more than one: as it came, the path we send on and the
 * canonical path. One that names an empty instance is another group there, so only what we make of
 * it counts.
 */
function groupsWithManySpellings(
  targets: readonly string[],
  scheme: NameScheme,
): Map<string, string[]> {
  const spellings = new Map<string, Set<string>>();
  for (const target of targets) {
    const parsed = parsePushPath(pathOf(target), scheme);
    if (parsed.kind === "refused") continue;
    const canonical = groupPath(parsed.group, scheme);
    const known = spellings.get(canonical) ?? new Set([canonical]);
    known.add(parsed.path);
    if (!/instance(@base64)?\/(=|$)/i.test(target)) known.add(target);
    spellings.set(canonical, known);
  }
  const many = [...spellings].filter(([, known]) => known.size > 1);
  return new Map(many.map(([canonical, known]) => [canonical, [...known]]));
}

function startWith(scheme: NameScheme): Promise<Pushgateway> {
  const flags = ["--web.enable-admin-api"];
  if (scheme === "utf8") flags.push("--push.enable-utf8-names");
  return startPushgateway({ flags });
}

function put({ hostname, port }: Pushgateway, target: string) {
  return { hostname, port, method: "PUT", target, body: BODY };
}

/** The path of a request target: without authority and query. */
function pathOf(target: string): string {
  const path = target.replace(/^http:\/\/[^/?]*/, "").replace(/\?[^]*$/, "");
  return path === "" ? "/" : path;
}

function withoutEmptyInstance(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).filter(([name, value]) => {
      return name !== "instance" || value !== "";
    }),
  );
}

function short(path: string): string {
  return path.length <= 80 ? path : `${path.slice(0, 80)}…`;
}
