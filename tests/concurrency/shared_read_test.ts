import assert from "node:assert/strict";
import { sleep } from "../../src/concurrency/backoff.ts";
import { abandonable, untilAborted } from "../../src/concurrency/abort.ts";
import { gather } from "../../src/concurrency/shared_read.ts";
import { isPending } from "./settled.ts";

/** Longer than a read waits for those who have just been told of the last one. */
const MOMENT_MS = 20;

const never = new AbortController().signal;

/** Reads that end when they are told to. */
function slowReads() {
  const begun: { subject: string; wants: readonly string[]; end: PromiseWithResolvers<string> }[] =
    [];
  const gathered = gather((subject: string, wants: readonly string[]) => {
    const end = Promise.withResolvers<string>();
    begun.push({ subject, wants, end });
    return end.promise;
  });
  return { begun, ...gathered };
}

const turn = () => isPending(Promise.resolve());

Deno.test("those who ask before a read begins share it", { permissions: "none" }, async () => {
  const { begun, read } = slowReads();
  const results = ["x", "y", "x"].map((want) => read("a", want, never));
  await turn();
  assert.deepEqual(begun.map(({ wants }) => wants), [["x", "y", "x"]]);
  begun[0].end.resolve("page");
  assert.deepEqual(await Promise.all(results), ["page", "page", "page"]);
});

Deno.test("who asks during a read gets the next one, which begins when that has ended", {
  permissions: "none",
}, async () => {
  const { begun, read } = slowReads();
  const first = read("a", "x", never);
  await turn();
  const second = read("a", "y", never);
  const third = read("a", "z", never);
  await turn();
  assert.equal(begun.length, 1);
  begun[0].end.resolve("old");
  assert.equal(await first, "old");
  await sleep(MOMENT_MS);
  assert.deepEqual(begun[1].wants, ["y", "z"]);
  begun[1].end.resolve("new");
  assert.deepEqual(await Promise.all([second, third]), ["new", "new"]);
});

Deno.test("who asks again as a read ends shares the next one with those who wait for it", {
  permissions: "none",
}, async () => {
  const { begun, read } = slowReads();
  const first = read("a", "x", never);
  await turn();
  const waiting = read("a", "y", never);
  const again = first.then(turn).then(() => read("a", "z", never));
  begun[0].end.resolve("old");
  await sleep(MOMENT_MS);
  assert.deepEqual(begun[1].wants, ["y", "z"]);
  begun[1].end.resolve("new");
  assert.deepEqual(await Promise.all([waiting, again]), ["new", "new"]);
});

Deno.test("reads of different subjects do not wait for each other", {
  permissions: "none",
}, async () => {
  const { begun, read } = slowReads();
  const results = ["a", "b"].map((subject) => read(subject, "x", never));
  await turn();
  assert.deepEqual(begun.map(({ subject }) => subject), ["a", "b"]);
  for (const { end, subject } of begun) end.resolve(subject);
  assert.deepEqual(await Promise.all(results), ["a", "b"]);
});

Deno.test("a failure reaches all who wait, and the next read works", {
  permissions: "none",
}, async () => {
  const { begun, read } = slowReads();
  const failing = [read("a", "x", never), read("a", "y", never)];
  await turn();
  const next = read("a", "z", never);
  begun[0].end.reject(new Error("refused"));
  for (const result of failing) await assert.rejects(result, /refused/);
  await sleep(MOMENT_MS);
  begun[1].end.resolve("page");
  assert.equal(await next, "page");
});

Deno.test("an abort ends one wait only", { permissions: "none" }, async () => {
  const { begun, read } = slowReads();
  const stop = new AbortController();
  const given = read("a", "x", stop.signal);
  const kept = read("a", "y", never);
  await turn();
  stop.abort(new Error("enough"));
  await assert.rejects(given, /enough/);
  assert.equal(await isPending(kept), true);
  begun[0].end.resolve("page");
  assert.equal(await kept, "page");
});

Deno.test("what is read long after begins anew", { permissions: "none" }, async () => {
  const { begun, read } = slowReads();
  for (const page of ["one", "two"]) {
    const result = read("a", "x", never);
    await turn();
    begun.at(-1)?.end.resolve(page);
    assert.equal(await result, page);
  }
  assert.equal(begun.length, 2);
});

Deno.test("before a read that is known to take long, others are awaited for a part of that", {
  permissions: "none",
}, async () => {
  const begun: string[][] = [];
  const { read } = gather(async (_: string, wants: readonly string[]) => {
    begun.push([...wants]);
    await sleep(5);
  }, 50);
  await read("a", "x", never);
  const first = read("a", "y", never);
  await sleep(1);
  await Promise.all([first, read("a", "z", never)]);
  assert.deepEqual(begun, [["x"], ["y", "z"]]);
});

Deno.test("whoever ends the reads waits for those that nobody waits for any more", {
  permissions: "none",
}, async () => {
  const ended: string[] = [];
  const { read, end } = gather(async (subject: string, _: readonly string[], signal) => {
    await untilAborted(signal);
    ended.push(subject);
  });
  for (const subject of ["a", "b"]) {
    const stop = new AbortController();
    const given = assert.rejects(read(subject, "x", stop.signal), /gave up/);
    await turn();
    stop.abort(new Error("gave up"));
    await given;
  }
  await end();
  assert.deepEqual(ended, ["a", "b"]);
});

Deno.test("an abandoned promise that fails later is no unhandled failure", {
  permissions: "none",
}, async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  await assert.rejects(abandonable(promise, AbortSignal.abort(new Error("gone"))), /gone/);
  reject(new Error("too late"));
  await turn();
});
