import assert from "node:assert/strict";
import { outcomeOf, parseSaid, type Said, shownSaid } from "./outcome.ts";
import type { Recorded } from "./recorder.ts";

const permissions = "none";
const put = (own: Partial<Recorded> = {}): Recorded => ({
  method: "PUT",
  body: "x 1\n",
  isWhole: true,
  ...own,
});
const OK: Said = { status: 200 };

for (
  const [what, second, said, expected] of [
    ["comes again, whole", put(), OK, "works"],
    ["comes again, whole, to a caller that sees no status", put(), { status: undefined }, "works"],
    ["comes again without its body", put({ body: "" }), OK, "empties"],
    ["comes again without its body, and the caller sees an error", put({ body: "" }), {
      error: "closed",
    }, "empties"],
    ["comes as a GET", put({ method: "GET", body: "" }), { status: 405 }, "becomes GET"],
    ["does not come again", undefined, { status: 307 }, "307"],
    ["does not come again, and the caller sees no status", undefined, {
      status: undefined,
    }, "lost"],
    ["does not come again, and the caller sees a 200", undefined, OK, "lost"],
    ["does not come again, and the caller sees an error", undefined, { error: "307" }, "error"],
    ["breaks off the second time", put({ body: "", isWhole: false }), { hangs: 15 }, "hangs"],
  ] as const
) {
  Deno.test(`a push that ${what}: ${expected}`, { permissions }, () => {
    assert.equal(outcomeOf({ first: put(), second }, said), expected);
  });
}

for (
  const [what, first, second, expected] of [
    ["never comes", undefined, undefined, /expected a push, found none: 200/],
    ["comes without a body at first", put({ body: "" }), put({ body: "" }), /with a body/],
    ["comes again with another body", put(), put({ body: "y 1\n" }), /the same push again/],
    ["comes again with another method", put(), put({ method: "POST" }), /the same push again/],
  ] as const
) {
  Deno.test(`a push that ${what} is a fault of the driver`, { permissions }, () => {
    assert.throws(() => outcomeOf({ first, second }, OK), expected);
  });
}

Deno.test("the last line of a driver counts", { permissions }, () => {
  assert.deepEqual(parseSaid("a warning\nstatus 307\n"), { status: 307 });
  assert.deepEqual(parseSaid("status none\n"), { status: undefined });
  assert.deepEqual(parseSaid("error no route: to host\n"), { error: "no route: to host" });
  for (const output of ["", "status", "status 20", "Traceback\n"]) {
    assert.throws(() => parseSaid(output), /expected the line of a driver/, output);
  }
});

Deno.test("what a caller sees is shown in words", { permissions }, () => {
  const shown = [{ status: 307 }, { status: undefined }, { error: "gone" }, { hangs: 15 }];
  assert.deepEqual(shown.map(shownSaid), ["307", "success", "gone", "nothing for 15 s"]);
});
