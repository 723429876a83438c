import assert from "node:assert/strict";
import { labelName, labelNameText, type NameScheme } from "../../src/group/label_name.ts";

const NAMES: readonly [
  text: string,
  meant: Readonly<Record<NameScheme, string | undefined>>,
  why: string,
][] = [
  ["env", { legacy: "env", utf8: "env" }, "a plain name"],
  ["_x9", { legacy: "_x9", utf8: "_x9" }, "an underscore first"],
  ["9x", { legacy: undefined, utf8: "9x" }, "a digit first"],
  ["a-b", { legacy: undefined, utf8: "a-b" }, "a dash"],
  ["a:b", { legacy: undefined, utf8: "a:b" }, "a colon, which only metric names may have"],
  ["größe", { legacy: undefined, utf8: "größe" }, "letters beyond ASCII"],
  ["env\n", { legacy: undefined, utf8: "env\n" }, "a line end after a name"],
  ["", { legacy: undefined, utf8: undefined }, "nothing"],
  ["__name__", { legacy: undefined, utf8: undefined }, "a reserved name"],
  ["__", { legacy: undefined, utf8: undefined }, "the reserved prefix alone"],
  ["U__", { legacy: "U__", utf8: undefined }, "an escape of nothing"],
  ["U__a_2d_b", { legacy: "U__a_2d_b", utf8: "a-b" }, "an escaped dash"],
  ["U__a__b", { legacy: "U__a__b", utf8: "a_b" }, "an escaped underscore"],
  ["U__a_1F600_", { legacy: "U__a_1F600_", utf8: "a😀" }, "five digits in upper case"],
  ["U__a_10ffff_", { legacy: "U__a_10ffff_", utf8: "U__a_10ffff_" }, "six digits: one too many"],
  ["U__a_d800_b", { legacy: "U__a_d800_b", utf8: "U__a_d800_b" }, "half a surrogate pair"],
  ["U__a_2d", { legacy: "U__a_2d", utf8: "U__a_2d" }, "an escape without its end"],
  ["U__a_zz_", { legacy: "U__a_zz_", utf8: "U__a_zz_" }, "an escape without hex"],
  ["U__a_2d_b_", { legacy: "U__a_2d_b_", utf8: "U__a_2d_b_" }, "a good escape beside a bad one"],
  [
    "u__a_2d_b",
    { legacy: "u__a_2d_b", utf8: "u__a_2d_b" },
    "a lower-case u, which escapes nothing",
  ],
  ["U__55____x", { legacy: "U__55____x", utf8: "55__x" }, "two escaped underscores within"],
  ["U______x", { legacy: undefined, utf8: undefined }, "an escaped reserved name"],
  ["U___5f__5f_x", { legacy: undefined, utf8: undefined }, "a reserved name escaped as hex"],
];
for (const [text, meant, why] of NAMES) {
  for (const scheme of ["legacy", "utf8"] as const) {
    const name = meant[scheme];
    const outcome = name === undefined ? "refuses" : `keeps as ${JSON.stringify(name)}`;
    Deno.test(
      `labelName() with ${scheme} names ${outcome} ${JSON.stringify(text)}: ${why}`,
      { permissions: "none" },
      () => assert.equal(labelName(text, scheme), name),
    );
  }
}

const TEXTS: readonly [name: string, scheme: NameScheme, text: string, why: string][] = [
  ["env", "utf8", "env", "nothing to escape"],
  ["a-b", "utf8", "a-b", "a dash is no trouble in a path"],
  ["a/b", "utf8", "U__a_2f_b", "a slash would part it"],
  ["..", "utf8", "U___2e__2e_", "it would be cleaned away"],
  ["x@base64", "utf8", "U__x_40_base64", "its value would be read as base64"],
  ["@base64", "utf8", "U___40_base64", "its name would be empty"],
  ["U__a_2d_b", "utf8", "U__U____a__2d__b", "it would be read as an escape"],
  ["U__", "utf8", "U__U____", "it would be read as an escape of nothing"],
  ["U__a_2d_b", "legacy", "U__a_2d_b", "legacy names know no escapes"],
];
for (const [name, scheme, text, why] of TEXTS) {
  Deno.test(
    `labelNameText() with ${scheme} names writes ${name} as ${text}: ${why}`,
    { permissions: "none" },
    () => {
      assert.equal(labelNameText(name, scheme), text);
      assert.equal(labelName(text, scheme), name);
    },
  );
}
