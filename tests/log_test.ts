import assert from "node:assert/strict";
import {
  errorText,
  LOG_FORMATS,
  LOG_LEVELS,
  type LogOptions,
  openLog,
  shownNames,
} from "../src/log.ts";

function logged(
  options: Omit<LogOptions, "write">,
): string[] {
  const lines: string[] = [];
  const log = openLog({ ...options, write: (line) => lines.push(line) });
  log.debug("at debug", { n: 1 });
  log.info("at info", { member: "10.0.0.1:9091", text: 'a "b"\nc' });
  log.warn("at warn");
  log.error("at error", { err: "broken" });
  return lines;
}

for (const [i, level] of LOG_LEVELS.entries()) {
  Deno.test(
    `--log.level ${level} lets it and what is graver through`,
    { permissions: "none" },
    () => {
      const lines = logged({ level, format: "logfmt" });
      assert.equal(lines.length, LOG_LEVELS.length - i);
      LOG_LEVELS.slice(i).forEach((name, n) =>
        assert.match(lines[n], new RegExp(`level=${name} `))
      );
    },
  );
}

Deno.test("for the journal each line begins with its priority", { permissions: "none" }, () => {
  for (const format of LOG_FORMATS) {
    const priorities = logged({ level: "debug", format, priorities: true }).map((line) =>
      /^<(\d)>/.exec(line)?.[1]
    );
    assert.deepEqual(priorities, ["7", "6", "4", "3"], format);
  }
});

Deno.test("a logfmt line holds the event and its fields, quoted where needed", {
  permissions: "none",
}, () => {
  const [line] = logged({ level: "info", format: "logfmt" });
  assert.match(line, /msg="at info"/);
  assert.match(line, /member=("?)10\.0\.0\.1:9091\1/);
  assert.match(line, /text="a \\"b\\"\\nc"/);
  assert.match(line, /^[^\n]+\n$/, "one line with its end");
});

Deno.test(
  "a JSON line holds the event and its fields side by side",
  { permissions: "none" },
  () => {
    const [line] = logged({ level: "info", format: "json" });
    assert.match(line, /^[^\n]+\n$/);
    const { member, text, ...rest } = JSON.parse(line);
    assert.deepEqual({ member, text }, { member: "10.0.0.1:9091", text: 'a "b"\nc' });
    assert(Object.values(rest).includes("at info"));
  },
);

const CAUSES: readonly [error: unknown, text: string, why: string][] = [
  [new Error("a", { cause: new Error("b", { cause: "c" }) }), "a: b: c", "an error and its causes"],
  [new TypeError(""), "TypeError", "an error without a message, by its name"],
  [new Error("", { cause: new RangeError("x") }), "Error: x", "its cause where it says nothing"],
  ["text", "text", "what is no error"],
  [undefined, "undefined", "nothing at all"],
];
for (const [error, text, why] of CAUSES) {
  Deno.test(`errorText() tells ${why}`, { permissions: "none" }, () => {
    assert.equal(errorText(error), text);
  });
}

Deno.test("a long list of names is shown as its first five and a number", {
  permissions: "none",
}, () => {
  const names = Array.from({ length: 1_000 }, (_, i) => `m${i}`);
  assert.equal(shownNames([]), "");
  assert.equal(shownNames(names.slice(0, 5)), "m0, m1, m2, m3, m4");
  assert.equal(shownNames(names), "m0, m1, m2, m3, m4 and 995 more");
});
