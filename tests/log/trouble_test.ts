import assert from "node:assert/strict";
import { createTrouble, createTroubles } from "../../src/log/trouble.ts";

/** A failure of one kind, whose text is another one each time. */
class Timeout extends Error {
  readonly reason = "timeout";
}

Deno.test(
  "a trouble is told once for each reason, and once when it is over, with how often it came up",
  {
    permissions: "none",
  },
  () => {
    const trouble = createTrouble();
    assert.equal(trouble.over(), undefined, "nothing has failed");
    const failures = [
      new Timeout("after 1 ms"),
      new Timeout("after 2 ms"),
      new Error("refused"),
      new Timeout("after 3 ms"),
      new Error("refused"),
    ];
    assert.deepEqual(failures.map(trouble.isNews), [true, false, true, false, false]);
    assert.deepEqual(trouble.over(), { failures: 5, seconds: 0 });
    assert.equal(trouble.over(), undefined, "it is over once");
    assert(trouble.isNews(failures[0]), "it comes back");
    assert.equal(trouble.over()?.failures, 1);
    const news = Array.from({ length: 1_000 }, (_, i) => trouble.isNews(new Error(`at ${i}`)));
    assert(news.filter((isNews) => isNews).length < 20, "a changing text is not told for ever");
  },
);

/** A trouble, and a clock that is set by hand. */
function onClock() {
  let nowMs = 0;
  const trouble = createTrouble(() => nowMs);
  return { trouble, pass: (seconds: number) => void (nowMs += 1_000 * seconds) };
}

Deno.test("a trouble that is over says for how many seconds it lasted", {
  permissions: "none",
}, () => {
  const { trouble, pass } = onClock();
  assert(trouble.isNews("no route"));
  pass(90);
  assert(!trouble.isNews("no route"));
  pass(30);
  assert.deepEqual(trouble.over(), { failures: 2, seconds: 120 });
});

Deno.test("what fails and works in turn is logged three times, and once when it is stable", {
  permissions: "none",
}, () => {
  const { trouble, pass } = onClock();
  const told: string[] = [];
  for (let second = 0; second < 3_600; second += 10) {
    if (trouble.isNews("no route")) told.push("fails");
    pass(5);
    if (trouble.over()) told.push("works");
    pass(5);
  }
  assert.deepEqual(told, ["fails", "works", "fails", "works", "fails"]);
  assert(trouble.flaps);
  pass(280);
  assert.equal(trouble.over(), undefined, "it last failed 290 s ago");
  pass(10);
  assert.deepEqual(trouble.over(), { failures: 358, seconds: 3_570 });
  assert(!trouble.flaps);
  pass(300);
  assert(trouble.isNews("no route"));
  assert(trouble.over(), "it comes back after a time: it is logged as ever");
});

Deno.test("a trouble of which nothing was heard for a day begins anew", {
  permissions: "none",
}, () => {
  const { trouble, pass } = onClock();
  assert(trouble.isNews("wrong password"));
  pass(3_600 * 23);
  assert(!trouble.isNews("wrong password"));
  pass(3_600 * 24);
  assert(trouble.isNews("wrong password"));
  assert.equal(trouble.over()?.failures, 1);
});

Deno.test(
  "a trouble of which nobody can say that it is over ends five minutes after its last failure",
  {
    permissions: "none",
  },
  () => {
    const { trouble, pass } = onClock();
    assert.equal(trouble.calm(), undefined);
    trouble.isNews("no route");
    pass(60);
    trouble.isNews("no route");
    pass(299);
    assert.equal(trouble.calm(), undefined);
    pass(1);
    assert.deepEqual(trouble.calm(), { failures: 2, seconds: 60 });
  },
);

Deno.test("each name has a trouble of its own, and what never failed is not remembered", {
  permissions: "none",
}, () => {
  const troubles = createTroubles();
  assert(troubles.isNews("a", "no route") && troubles.isNews("b", "no route"));
  assert(!troubles.isNews("a", "no route"));
  assert.equal(troubles.over("a")?.failures, 2);
  troubles.forget("b");
  assert.equal(troubles.over("b"), undefined);
  for (let i = 0; i < 10_000; i++) troubles.isNews(`${i}`, "no route");
  assert(troubles.isNews("a", "no route"));
  assert.equal(troubles.over("0"), undefined, "of ten thousand that failed the first is forgotten");
});
