import assert from "node:assert/strict";
import { createInbox, type Inbox } from "../../src/concurrency/inbox.ts";

const permissions = "none";

interface Item {
  readonly n: number;
}

/** A task that takes items until it is told to end; `onItem` is called with each. */
function startReader(inbox: Inbox<Item>, onItem: (n: number) => void = () => {}) {
  const stop = new AbortController();
  const seen: number[] = [];
  const ended = (async () => {
    for await (const { n } of inbox.take(stop.signal)) {
      seen.push(n);
      onItem(n);
    }
  })();
  return {
    seen,
    stop: () => stop.abort(),
    async end() {
      stop.abort();
      await ended;
    },
  };
}

/** Lets everything go on that can. */
const turn = () => new Promise<void>((resolve) => setTimeout(resolve));

Deno.test("what was put in before and during the wait is taken out in order", {
  permissions,
}, async () => {
  const inbox = createInbox<Item>();
  for (const n of [1, 2]) inbox.put({ n });
  const reader = startReader(inbox, (n) => {
    if (n === 2) inbox.put({ n: 3 });
  });
  await turn();
  for (const n of [4, 5]) inbox.put({ n });
  await turn();
  await reader.end();
  assert.deepEqual(reader.seen, [1, 2, 3, 4, 5]);
});

Deno.test("an abort ends the wait for more", { permissions }, async () => {
  const reader = startReader(createInbox<Item>());
  await turn();
  await reader.end();
  assert.deepEqual(reader.seen, []);
});

Deno.test("what a reader that ends has not taken is the next one's", { permissions }, async () => {
  const inbox = createInbox<Item>();
  const first = startReader(inbox, () => first.stop());
  for (const n of [1, 2, 3]) inbox.put({ n });
  await turn();
  await first.end();
  const second = startReader(inbox);
  await turn();
  await second.end();
  assert.deepEqual([first.seen, second.seen], [[1], [2, 3]]);
});

Deno.test("what is put in as one reader ends and another one waits is taken by that one", {
  permissions,
}, async () => {
  const inbox = createInbox<Item>();
  const first = startReader(inbox);
  const second = startReader(inbox);
  await turn();
  first.stop();
  inbox.put({ n: 1 });
  await turn();
  inbox.put({ n: 2 });
  await turn();
  await Promise.all([first.end(), second.end()]);
  assert.deepEqual([first.seen, second.seen], [[], [1, 2]]);
});
