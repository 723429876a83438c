import assert from "node:assert/strict";
import { waitFor } from "../../tools/wait.ts";

Deno.test("waitFor() returns the first truthy answer", { permissions: "none" }, async () => {
  const answers = [undefined, 0, "", "there", "later"];
  const look = () => answers.shift();
  assert.equal(await waitFor(look, { what: "an answer", everyMs: 1 }), "there");
});

Deno.test("waitFor() asks again after an error", { permissions: "none" }, async () => {
  let looks = 0;
  const look = () => {
    if (++looks < 3) throw new Error("refused");
    return looks;
  };
  assert.equal(await waitFor(look, { what: "an answer", everyMs: 1 }), 3);
});

Deno.test(
  "waitFor() gives up in time, with the last error as the cause",
  { permissions: "none" },
  async () => {
    const look = () => Promise.reject(new Error("refused"));
    const wait = waitFor(look, { what: "an answer", msMax: 20, everyMs: 1 });
    await assert.rejects(wait, (error: Error) => {
      assert.match(error.message, /^waited 20 ms in vain for an answer$/);
      assert.equal((error.cause as Error).message, "refused");
      return true;
    });
  },
);

Deno.test(
  "waitFor() gives up in time on a check that never ends",
  { permissions: "none" },
  async () => {
    const wait = waitFor(() => new Promise<true>(() => {}), { what: "an answer", msMax: 20 });
    await assert.rejects(wait, /in vain for an answer/);
  },
);

Deno.test("waitFor() tells a check when its time is over", { permissions: "none" }, async () => {
  let told = false;
  const look = (signal: AbortSignal) =>
    new Promise<boolean>((resolve) => {
      signal.addEventListener("abort", () => {
        told = true;
        resolve(false);
      });
    });
  await assert.rejects(waitFor(look, { what: "an answer", msMax: 10 }), /in vain/);
  assert(told);
});

Deno.test("waitFor() ends when the caller's signal aborts", { permissions: "none" }, async () => {
  const stop = new AbortController();
  const wait = waitFor(() => false, { what: "an answer", signal: stop.signal });
  stop.abort(new Error("the caller left"));
  await assert.rejects(wait, /the caller left/);
});
