import assert from "node:assert/strict";
import { createDeadlines } from "../../src/concurrency/deadlines.ts";

Deno.test(
  "deadlines pass in order, and not those that were called off",
  { permissions: "none" },
  async () => {
    using deadlines = createDeadlines();
    const passed: string[] = [];
    const last = Promise.withResolvers<void>();
    deadlines.set(250, () => {
      passed.push("last");
      last.resolve();
    });
    deadlines.set(1, () => passed.push("first"));
    deadlines.set(10, () => passed.push("called off")).clear();
    await last.promise;
    assert.deepEqual(passed, ["first", "last"]);
  },
);

Deno.test("a deadline is never early", { permissions: "none" }, async () => {
  using deadlines = createDeadlines();
  const begin = performance.now();
  await new Promise<void>((resolve) => deadlines.set(150, resolve));
  assert(performance.now() - begin >= 149);
});

Deno.test("disposal leaves no timer and calls nothing", { permissions: "none" }, () => {
  const deadlines = createDeadlines();
  deadlines.set(1, () => assert.fail("called"));
  deadlines[Symbol.dispose]();
});

Deno.test("a deadline that another one calls off as it passes is not called", {
  permissions: "none",
}, async () => {
  using deadlines = createDeadlines();
  const over = Promise.withResolvers<void>();
  deadlines.set(1, () => {
    other.clear();
    deadlines.set(1, over.resolve);
  });
  const other = deadlines.set(1, () => assert.fail("called"));
  await over.promise;
});

Deno.test("a deadline may end all of them", { permissions: "none" }, async () => {
  const deadlines = createDeadlines();
  const over = Promise.withResolvers<void>();
  deadlines.set(1, () => {
    deadlines[Symbol.dispose]();
    over.resolve();
  });
  deadlines.set(1, () => assert.fail("called"));
  await over.promise;
});

Deno.test("a deadline may be set again, and passes once each time", {
  permissions: "none",
}, async () => {
  using deadlines = createDeadlines();
  let passed = 0;
  let over = Promise.withResolvers<void>();
  const deadline = deadlines.create(() => {
    passed++;
    over.resolve();
  });
  for (let i = 0; i < 100; i++) {
    deadline.set(1);
    deadline.clear();
  }
  await new Promise<void>((resolve) => deadlines.set(150, resolve));
  assert.equal(passed, 0);
  for (const expected of [1, 2]) {
    const begin = performance.now();
    deadline.set(1);
    deadline.set(150); // replaces the earlier time
    await over.promise;
    assert.equal(passed, expected);
    assert(performance.now() - begin >= 149);
    over = Promise.withResolvers();
  }
  await new Promise<void>((resolve) => deadlines.set(150, resolve));
  assert.equal(passed, 2);
});

Deno.test("a deadline may be set again after all were cancelled", {
  permissions: "none",
}, async () => {
  using deadlines = createDeadlines();
  const over = Promise.withResolvers<void>();
  const deadline = deadlines.create(over.resolve);
  deadline.set(1);
  deadlines[Symbol.dispose]();
  deadline.set(1);
  await over.promise;
});
