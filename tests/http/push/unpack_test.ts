import assert from "node:assert/strict";
import { createBodyMemory } from "../../../src/http/push/body_memory.ts";
import { Reply } from "../../../src/http/message.ts";
import { createUnpacker } from "../../../src/http/push/unpack.ts";
import { STATIC_POLICY, tell } from "../../membership/story.ts";
import { PACKED_AS } from "../../contracts/packed_bodies.ts";

const PLAIN = new TextEncoder().encode("# HELP m Some help.\nm 1\n".repeat(10_000));

/** What is due for a push with this header, after some events. */
function due(encoding: string, ...events: string[]) {
  const { records } = tell(events, STATIC_POLICY);
  return createUnpacker(() => records).dueFor(["content-encoding", encoding]);
}

for (
  const [what, encoding, events, expected] of [
    [
      "all members can unpack it",
      "snappy",
      ["a ok since 1 of 1.11.2", "b ok since 2 of 1.6.0"],
      undefined,
    ],
    [
      "one member cannot unpack it",
      "gzip",
      ["a ok since 1 of 1.11.2", "b ok since 2 of 1.4.0+ds"],
      "gzip",
    ],
    ["one member knows the name in small letters only", "GZIP", [
      "a ok since 1 of 1.11.2",
      "b ok since 2 of 1.5.1",
    ], "gzip"],
    ["one member has not told its version", "snappy", [
      "a ok since 1 of 1.11.2",
      "b ok",
    ], "snappy"],
    ["one member tells a version without numbers", "gzip", [
      "a ok since 1 of 1.11.2",
      "b ok since 2 of HEAD-9ed1d7e",
    ], "gzip"],
    [
      "no Pushgateway of any version unpacks it",
      "zstd",
      ["a ok since 1 of 1.4.0", "b ok since 2 of 1.4.0"],
      undefined,
    ],
    ["the only member of unknown version is dead", "gzip", [
      "a ok since 1 of 1.11.2",
      "b refused",
    ], undefined],
    ["a dead member could not unpack it, and may be back", "gzip", [
      "a ok since 1 of 1.11.2",
      "b ok since 2 of 1.4.0",
      "b refused",
    ], "gzip"],
    ["the last member that could not has been updated", "gzip", [
      "a ok since 1 of 1.11.2",
      "b ok since 2 of 1.4.0",
      "b ok since 3 of 1.5.1",
    ], undefined],
    ["a member has been replaced by one that cannot", "gzip", [
      "a ok since 1 of 1.11.2",
      "b ok since 2 of 1.5.1",
      "b ok since 3 of 1.4.0",
    ], "gzip"],
    ["a member has restarted and has not told its version", "gzip", [
      "a ok since 1 of 1.11.2",
      "b ok since 2 of 1.5.1",
      "b ok since 3",
    ], "gzip"],
  ] as const
) {
  const verb = expected === undefined ? "goes on as it is" : "is unpacked here";
  Deno.test(`a push in ${encoding} ${verb} where ${what}`, { permissions: "none" }, () => {
    assert.equal(due(encoding, "list a b", ...events), expected);
  });
}

/** What becomes of a body within limits, and the memory that it takes. */
async function unpack(
  packed: Uint8Array,
  packing: "gzip" | "snappy",
  { bytesMax = 1_000_000, memoryMax = 1_000_000 } = {},
) {
  const memory = createBodyMemory(() => memoryMax);
  using part = memory.open();
  const unpacker = createUnpacker(() => new Map());
  const outcome = await unpacker.unpack(packed, packing, { bytesMax, memory: part });
  if (!(outcome instanceof Reply)) return { bytes: outcome, taken: memory.taken };
  return { status: outcome.status, text: outcome.body, taken: memory.taken };
}

for (const { encoding, pack } of PACKED_AS) {
  const packing = encoding.toLowerCase() as "gzip" | "snappy";
  Deno.test(`what was packed as ${encoding} is unpacked, and takes memory as it is then`, async () => {
    const { bytes, taken } = await unpack(pack(PLAIN), packing);
    assert.deepEqual(new Uint8Array(bytes!), PLAIN);
    assert.equal(taken, PLAIN.length);
  });

  Deno.test(`a body that ${encoding} has made small is refused where it is too large`, async () => {
    const limits = { bytesMax: PLAIN.length - 1 };
    const { status, text } = await unpack(pack(PLAIN), packing, limits);
    assert.deepEqual([status, text], [
      413,
      `the body is larger than the limit of ${PLAIN.length - 1} bytes\n`,
    ]);
    const { bytes } = await unpack(pack(PLAIN), packing, { bytesMax: PLAIN.length });
    assert.equal(bytes?.length, PLAIN.length);
  });

  Deno.test(`a body of ${encoding} for which there is no memory is refused for now, and has none`, async () => {
    const { status, taken } = await unpack(pack(PLAIN), packing, { memoryMax: PLAIN.length - 1 });
    assert.deepEqual([status, taken], [503, 0]);
  });

  Deno.test(`a body that is not ${encoding} is refused with what was found`, async () => {
    const { status, text } = await unpack(PLAIN, packing);
    assert.equal(status, 400);
    assert.match(String(text), new RegExp(`^the body cannot be unpacked: expected ${packing}`));
  });
}

Deno.test("no body at all is no gzip, and is snappy, as Pushgateways have it", async () => {
  assert.equal((await unpack(new Uint8Array(), "gzip")).status, 400);
  assert.equal((await unpack(new Uint8Array(), "snappy")).bytes?.length, 0);
});

Deno.test("gzip in several parts, one behind the other, is one body", async () => {
  const [{ pack }] = PACKED_AS;
  const { bytes } = await unpack(Uint8Array.of(...pack(PLAIN), ...pack(PLAIN)), "gzip");
  assert.equal(bytes?.length, 2 * PLAIN.length);
});
