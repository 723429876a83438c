import assert from "node:assert/strict";
import { createDeadlines } from "../../../src/concurrency/deadlines.ts";
import { readBody } from "../../../src/http/push/body.ts";
import { createBodyMemory } from "../../../src/http/push/body_memory.ts";
import { concat } from "../../../src/pushgateway/pages/concat.ts";
import { type IncomingBody, Reply } from "../../../src/http/message.ts";
import { isPending } from "../../concurrency/settled.ts";
import { incoming } from "../messages.ts";

Deno.test("a body that is refused gives its memory back at once", {
  permissions: "none",
}, async () => {
  using deadlines = createDeadlines();
  const memory = createBodyMemory(() => 100);
  using part = memory.open();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => controller.enqueue(new Uint8Array(60)),
  });
  const request = incoming(new Request("http://h/metrics/job/a", { method: "PUT", body }));
  const limits = { bytesMax: 1_000, timeoutMs: 60_000, deadlines, memory: part };
  const refusal = await readBody(request.body, limits);
  assert(refusal instanceof Reply);
  assert.deepEqual([refusal.status, memory.taken], [503, 0]);
});

for (
  const [how, headers] of [
    ["of a known length", { "content-length": "70010" }],
    ["in chunks", { "transfer-encoding": "chunked" }],
  ] as const
) {
  Deno.test(
    `a large body ${how} is read whole, in its order`,
    { permissions: "none" },
    async () => {
      using deadlines = createDeadlines();
      const memory = createBodyMemory(() => 100_000);
      using part = memory.open();
      const pieces = [60_000, 10, 10_000].map((length, i) => new Uint8Array(length).fill(i + 1));
      const body = ReadableStream.from(pieces);
      const request = new Request("http://h/metrics/job/a", { method: "PUT", body, headers });
      const coming = incoming(request).body;
      const limits = { bytesMax: 100_000, timeoutMs: 60_000, deadlines, memory: part };
      const read = await readBody(coming, limits);
      assert(read instanceof Uint8Array);
      assert.deepEqual(new Uint8Array(read), concat(pieces));
      assert.equal(memory.taken, 70_010);
    },
  );
}

for (const length of [undefined, 70_000]) {
  const how = length === undefined ? "in chunks" : "with a length";
  Deno.test(`a body ${how} that comes on after it was late takes no more memory`, {
    permissions: "none",
  }, async () => {
    using deadlines = createDeadlines();
    const memory = createBodyMemory(() => 100_000);
    const rest = Promise.withResolvers<number>();
    const reads = [() => 10_000, () => rest.promise];
    const body: IncomingBody = { length, isThere: false, read: () => reads.shift()?.() ?? 0 };
    {
      using part = memory.open();
      const limits = { bytesMax: 100_000, timeoutMs: 1, deadlines, memory: part };
      const refusal = await readBody(body, limits);
      assert(refusal instanceof Reply);
      assert.equal(refusal.status, 408);
    }
    assert.equal(memory.taken, 0);
    rest.resolve(20_000);
    await isPending(rest.promise); // all that follows from it has run then
    assert.equal(memory.taken, 0);
  });
}
