import fc from "fast-check";
import assert from "node:assert/strict";
import {
  contentBeside,
  holdsContent,
  isPartOf,
  sameContent,
} from "../../src/pushgateway/compare_content.ts";
import { markedPartial } from "../../src/pushgateway/group_content.ts";
import type { GroupContent } from "../../src/pushgateway/group_join.ts";
import { splitFamilies } from "../../src/pushgateway/pages/family.ts";
import { delimited, type Field, message } from "./pages/protobuf_message.ts";

/** A reading of some families, by any clock. */
function content(...families: Field[][]): GroupContent {
  const body = delimited(...families.map(message));
  const [pushTime, failureTime] = [Math.random(), Math.random()];
  return { id: "/metrics/job/a", pushTime, failureTime, body, partial: false };
}

/** A family of gauges: by the value of their label. */
function family(name: string, values: Readonly<Record<string, number>>, type = 1): Field[] {
  const metrics = Object.entries(values).map(([label, value]): Field => [4, [
    [1, [[1, "l"], [2, label]]],
    [2, [[1, { double: value }]]],
  ]]);
  return [[1, name], [2, "h"], [3, type], ...metrics];
}

const names = (content: GroupContent | undefined) =>
  content && splitFamilies(content.body).map(({ name }) => name);
const other = (content: GroupContent): GroupContent => ({ ...content, id: "/metrics/job/b" });

const M = family("m", { x: 1, y: 2 });
const N: Field[] = [[1, "n"], [2, "h"]];
const BASE = content(M, N);

Deno.test("contents are the same whatever the order of metrics and families", {
  permissions: "none",
}, () => {
  const [name, help, type, one, two] = M;
  const noHelp: Field = [2, ""];
  assert(sameContent(BASE, content(N, [name, help, type, two, one])));
  assert(sameContent(content([name, type, one]), content([name, noHelp, type, one])));
  assert(sameContent(content(), content()));
});

for (
  const [why, different] of [
    ["a metric is missing", content(family("m", { x: 1 }), N)],
    ["a metric is there twice", content([...M, M[4]], N)],
    ["a value differs", content(family("m", { x: 1, y: 3 }), N)],
    ["a type differs", content(family("m", { x: 1, y: 2 }, 2), N)],
    ["a HELP differs", content(M, [[1, "n"], [2, "H"]])],
    ["a family is missing", content(M)],
    ["nothing is there", content()],
    ["it is another group", other(BASE)],
  ] as const
) {
  Deno.test(`contents differ where ${why}`, { permissions: "none" }, () => {
    assert(!sameContent(BASE, different));
    assert(!sameContent(different, BASE));
  });
}

const HOLDS: readonly [whole: GroupContent, part: GroupContent, holds: boolean, why: string][] = [
  [BASE, BASE, true, "itself"],
  [BASE, content(), true, "nothing"],
  [content(), content(), true, "nothing, though it is nothing itself"],
  [content(), content(M), false, "anything, where it is nothing itself"],
  [BASE, content(M), true, "one of its families"],
  [BASE, content(family("m", { x: 1 })), true, "one of its metrics"],
  [BASE, content(family("m", { x: 9 })), false, "another value"],
  [BASE, content(M, family("o", { x: 1 })), false, "another family"],
  [BASE, content([[1, "o"]]), false, "another family without metrics"],
  [BASE, other(content(M)), false, "another group's"],
];
for (const [whole, part, holds, why] of HOLDS) {
  Deno.test(
    `a reading ${holds ? "holds" : "does not hold"} ${why}`,
    { permissions: "none" },
    () => {
      assert.equal(holdsContent(whole, part), holds);
    },
  );
}

const PARTS: readonly [part: GroupContent, whole: GroupContent, is: boolean, why: string][] = [
  [BASE, BASE, true, "it is the same"],
  [content(), BASE, true, "it is nothing"],
  [content(N), BASE, true, "it has fewer families"],
  [content(family("m", { y: 2, x: 1 })), BASE, true, "its metrics come in another order"],
  [content(family("m", { x: 1 })), BASE, false, "a family has fewer metrics"],
  [content(family("m", { x: 1, y: 3 })), BASE, false, "a value differs"],
  [content(M, [[1, "o"]]), BASE, false, "it has a family more"],
  [content(M), content(), false, "the whole is nothing"],
];
for (const [part, whole, is, why] of PARTS) {
  Deno.test(`a reading is ${is ? "a" : "no"} part of another where ${why}`, {
    permissions: "none",
  }, () => assert.equal(isPartOf(part, whole), is));
}

Deno.test(
  "what an older copy has beside a newer one are its families of other names, as they are",
  {
    permissions: "none",
  },
  () => {
    const older = content(M, family("o", { x: 1 }), N);
    const beside = contentBeside(content(family("m", { z: 9 })), older);
    assert.deepEqual(names(beside), ["o", "n"]);
    assert(beside && sameContent(beside, content(family("o", { x: 1 }), N)));
    assert.equal(beside.pushTime, older.pushTime);
    assert.equal(contentBeside(BASE, content(M)), undefined);
    assert.equal(contentBeside(BASE, content()), undefined);
    assert.deepEqual(names(contentBeside(content(), BASE)), ["m", "n"]);
  },
);

Deno.test("the mark of a part is nothing that a newer copy lacks", { permissions: "none" }, () => {
  assert.equal(contentBeside(BASE, markedPartial(content(M))), undefined);
  assert.deepEqual(names(contentBeside(content(N), markedPartial(content(M)))), ["m"]);
});

Deno.test("with what it lacks of an older copy a newer one holds all families of both", {
  permissions: "none",
}, () => {
  const families = fc.uniqueArray(
    fc.tuple(
      fc.constantFrom("m", "n", "o", "p"),
      fc.dictionary(fc.constantFrom("x", "y"), fc.nat(2)),
    ),
    { selector: ([name]) => name },
  ).map((all) => content(...all.map(([name, values]) => family(name, values))));
  fc.assert(fc.property(families, families, (newer, older) => {
    const beside = contentBeside(newer, older);
    const body = new Uint8Array([...newer.body, ...beside?.body ?? []]);
    const both = { ...newer, body };
    assert(holdsContent(both, newer));
    assert(isPartOf(newer, both));
    const all = new Set([...names(newer) ?? [], ...names(older) ?? []]);
    assert.deepEqual(new Set(names(both)), all);
    assert.equal(names(both)?.length, all.size);
    const isMore = names(older)?.some((name) => !names(newer)?.includes(name));
    assert.equal(beside !== undefined, isMore);
  }));
});

Deno.test("what breaks off is no content", { permissions: "none" }, () => {
  const broken = { ...BASE, body: BASE.body.subarray(0, BASE.body.length - 1) };
  for (const compare of [sameContent, holdsContent, isPartOf, contentBeside]) {
    assert.throws(() => compare(broken, BASE), SyntaxError, compare.name);
  }
});
