import assert from "node:assert/strict";
import { markedPartial } from "../../src/pushgateway/group_content.ts";
import { splitFamilies, typeOfFamily } from "../../src/pushgateway/pages/family.ts";
import { readFields } from "../../src/pushgateway/pages/protobuf_wire.ts";
import { PARTIAL_BODY, PARTIAL_FAMILY } from "../../src/pushgateway/partial.ts";
import { delimited, message } from "./pages/protobuf_message.ts";

const METRIC = 4;

Deno.test("the mark of a part is one family without metrics, of no type and with a HELP", {
  permissions: "none",
}, () => {
  const families = splitFamilies(PARTIAL_BODY);
  assert.deepEqual(families.map(({ name }) => name), [PARTIAL_FAMILY]);
  assert.equal(typeOfFamily(families[0]), "untyped");
  const fields = readFields(families[0].bytes.subarray(2)); // its length has two bytes
  assert.deepEqual(fields.map(({ number }) => number), [1, 2, 3]);
  assert(!fields.some(({ number }) => number === METRIC));
});

Deno.test("a group is marked once, and all that it holds stays", { permissions: "none" }, () => {
  const body = delimited(message([[1, "m"], [3, 1]]));
  const content = { id: "/metrics/job/a", pushTime: 1, failureTime: 2, body, partial: false };
  const marked = markedPartial(content);
  assert.deepEqual(new Uint8Array(marked.body), new Uint8Array([...body, ...PARTIAL_BODY]));
  assert.deepEqual({ ...marked, body, partial: false }, content);
  assert.equal(marked.partial, true);
  assert.equal(markedPartial(marked), marked);
});
