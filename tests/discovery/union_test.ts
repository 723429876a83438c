import assert from "node:assert/strict";
import { createUnion, type Part } from "../../src/discovery/union.ts";
import { parseMember } from "../../src/member.ts";
import { show } from "./following.ts";

const permissions = "none";

/** A part by what it names, as `a b*3`, or why it failed, as `!why`. */
function part(text: string): Part {
  if (text.startsWith("!")) return { kind: "failed", why: text.slice(1) };
  const names = text.split(" ").filter((name) => name !== "");
  const listings = new Map(names.map((name) => {
    const [host, weight = "1"] = name.split("*");
    return [parseMember(host, 1), { healthy: true, weight: Number(weight) }];
  }));
  return { kind: "members", listings };
}

const STORIES: readonly [
  what: string,
  steps: readonly [parts: Record<string, string>, told: string[]][],
][] = [
  ["members that several parts name count once", [
    [{ x: "a b", y: "b c" }, ["a b c"]],
  ]],
  ["of two weights the larger counts", [
    [{ x: "a*3 b", y: "b*2 a" }, ["a*3 b*2"]],
    [{ x: "a b", y: "b*2 a" }, ["a b*2"]],
  ]],
  ["what is the same is not told again", [
    [{ x: "a b" }, ["a b"]],
    [{ x: "b a" }, []],
  ]],
  ["of a part that fails the last members stay, and the others go on", [
    [{ x: "a b", y: "c" }, ["a b c"]],
    [{ x: "!gone", y: "c" }, ["failed: gone"]],
    [{ x: "!gone", y: "d" }, ["a b d", "failed: gone"]],
    [{ x: "!gone", y: "d" }, ["failed: gone"]],
    [{ x: "a b", y: "d" }, ["a b d"]],
  ]],
  ["before a part was ever had nothing is known of the whole", [
    [{ x: "a", y: "!late" }, ["failed: late"]],
    [{ x: "a b", y: "!late" }, ["failed: late"]],
    [{ x: "a b", y: "c" }, ["a b c"]],
  ]],
  ["all failures are told together", [
    [{ x: "!one", y: "!two" }, ["failed: one; two"]],
  ]],
  ["that all are gone at once is a failure", [
    [{ x: "a b" }, ["a b"]],
    [{ x: "" }, ["failed: expected members, found none"]],
    [{ x: "b" }, ["b"]],
  ]],
  ["no parts at all are a failure", [
    [{}, ["failed: expected members, found none"]],
  ]],
  ["the members of a part that is no more go with it", [
    [{ x: "a", y: "b" }, ["a b"]],
    [{ x: "a" }, ["a"]],
    [{ x: "!gone" }, ["failed: gone"]],
  ]],
];
for (const [what, steps] of STORIES) {
  Deno.test(what, { permissions }, () => {
    const union = createUnion();
    for (const [parts, told] of steps) {
      const entries = Object.entries(parts).map(([name, text]) => [name, part(text)] as const);
      const shown = union(new Map(entries)).map((observation) =>
        show(observation).replaceAll(":1", "")
      );
      assert.deepEqual(shown, told);
    }
  });
}
