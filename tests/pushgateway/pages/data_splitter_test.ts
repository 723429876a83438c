import fc from "fast-check";
import assert from "node:assert/strict";
import { createDataSplitter } from "../../../src/pushgateway/pages/data_splitter.ts";
import { cuts, pieces } from "./pieces.ts";

function split(text: string, sizes: readonly number[] = []) {
  const splitter = createDataSplitter();
  const texts: string[] = [];
  for (const piece of pieces(new TextEncoder().encode(text), sizes)) {
    splitter.take(piece, (text) => texts.push(text));
  }
  return { texts, envelope: splitter.end() };
}

const objects = fc.array(fc.dictionary(
  fc.string({ unit: "grapheme" }),
  fc.oneof(fc.jsonValue(), fc.constantFrom('"', "\\", '\\"]}', "[{", "🚀", '"data":[')),
));

Deno.test("groups of an answer are those of the whole, however it is cut", {
  permissions: "none",
}, () => {
  fc.assert(
    fc.property(objects, cuts, fc.constantFrom(undefined, 1, "\t"), (data, sizes, indent) => {
      const whole = JSON.stringify({ status: "success", data }, null, indent);
      const { texts, envelope } = split(whole, sizes);
      assert.deepEqual(texts.map((text) => JSON.parse(text)), JSON.parse(whole).data);
      assert.deepEqual(JSON.parse(envelope), { status: "success", data: [] });
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("an answer of one group is cut at every place", { permissions: "none" }, () => {
  const data = [{ labels: { job: 'q"\\🚀' }, m: { help: "\\\\", metrics: [{ a: [1, {}] }] } }, {}];
  const whole = JSON.stringify({ status: "success", data });
  for (let i = 0; i <= new TextEncoder().encode(whole).length; i++) {
    const { texts } = split(whole, [i, 1]);
    assert.deepEqual(texts.map((text) => JSON.parse(text)), data);
  }
});

Deno.test("only `data` of the answer itself is split", { permissions: "none" }, () => {
  const envelope = {
    'x"data': [{ a: 1 }],
    warnings: [{ data: [{}] }],
    text: '{"data":[',
    data: [],
  };
  const { texts, envelope: found } = split(
    JSON.stringify(envelope).replace(/\[\]}$/, '[{"b":2}]}'),
  );
  assert.deepEqual(texts, ['{"b":2}']);
  assert.deepEqual(JSON.parse(found), envelope);
});

for (
  const [why, text] of [
    ["nothing", ""],
    ["an answer that breaks off between groups", '{"status":"success","data":[{},'],
    ["one that breaks off within a group", '{"status":"success","data":[{"a":"'],
    ["one that breaks off behind them", '{"status":"success","data":[{}]'],
    ["numbers", '{"status":"success","data":[1]}'],
    ["lists", '{"status":"success","data":[[]]}'],
  ]
) {
  Deno.test(`${why}: no groups`, { permissions: "none" }, () => {
    assert.throws(() => split(text), SyntaxError);
  });
}

Deno.test("what is no UTF-8 within a group is refused", { permissions: "none" }, () => {
  const bytes = new TextEncoder().encode('{"data":[{"a":"x"}]}');
  bytes[bytes.indexOf("x".charCodeAt(0))] = 0xff;
  assert.throws(() => createDataSplitter().take(bytes, () => {}), TypeError);
});
