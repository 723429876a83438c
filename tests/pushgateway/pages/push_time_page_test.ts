import fc from "fast-check";
import assert from "node:assert/strict";
import { groupId, groupOfLabels } from "../../../src/group/group.ts";
import { createKnownIds, type KnownIds } from "../../../src/pushgateway/pages/known_ids.ts";
import { createPushTimePage } from "../../../src/pushgateway/pages/push_time_page.ts";
import { parseSample } from "../../../src/pushgateway/pages/text_sample.ts";
import { cuts, pieces } from "./pieces.ts";

function read(text: string, sizes: readonly number[] = [], known?: KnownIds) {
  const page = createPushTimePage(known);
  for (const piece of pieces(new TextEncoder().encode(text), sizes)) page.take(piece);
  known?.read(page.times.size);
  return { times: Object.fromEntries(page.times), complete: page.complete };
}

/** As the Pushgateway does. */
function quote(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"')}"`;
}

function sample(labels: Readonly<Record<string, string>>, value: number): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    return `${/^[a-z_]\w*$/.test(name) ? name : quote(name)}=${quote(value)}`;
  });
  return `push_time_seconds{${pairs}} ${value}\n`;
}

const TAIL = '# TYPE pushgateway_build_info gauge\npushgateway_build_info{a="b"} 1\n';
const texts = fc.string({
  unit: fc.oneof(fc.constantFrom("\\", '"', "\n", "}", "{", ",", "=", " "), fc.string()),
});

Deno.test("push times are read whatever the labels, and however the page is cut", {
  permissions: "none",
}, () => {
  const names = fc.oneof(fc.constantFrom("env", "instance", "my-label", "é"), texts);
  const groups = fc.array(fc.tuple(
    fc.dictionary(names, texts).map((labels) => ({ ...labels, job: "a" })),
    fc.double({ min: 0, max: 4e9, noNaN: true }),
  ));
  fc.assert(
    fc.property(groups, cuts, (groups, sizes) => {
      const text = '# HELP push_time_seconds push_time_seconds{job="no"} 1\n' +
        "# TYPE push_time_seconds gauge\n" +
        groups.map(([labels, value]) => sample(labels, value)).join("") + TAIL;
      const expected = groups.map(([labels, value]) =>
        [groupId(groupOfLabels(Object.entries(labels))), value] as const
      );
      assert.deepEqual(read(text, sizes), { times: Object.fromEntries(expected), complete: true });
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("what is known of the last page changes nothing that is read of the next one", {
  permissions: "none",
}, () => {
  const known = createKnownIds();
  const group = fc.tuple(
    fc.dictionary(texts, fc.constantFrom("a", "}", '"', "} 7")).map((labels) => ({
      ...labels,
      job: "a",
    })),
    fc.double({ min: 0, max: 4e9, noNaN: true }),
  );
  const groups = fc.array(group);
  const pages = groups.chain((groups) =>
    fc.tuple(fc.constant(groups), fc.shuffledSubarray(groups), fc.constant(groups))
  );
  fc.assert(
    fc.property(pages, cuts, (pages, sizes) => {
      for (const groups of pages) {
        const text = groups.map(([labels, value]) => sample(labels, value)).join("") + TAIL;
        assert.deepEqual(read(text, sizes, known), read(text));
      }
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("groups that have gone are not known for ever, and those of the last page are", {
  permissions: "none",
}, () => {
  const known = createKnownIds();
  const find = (labels: string) => known.find(`push{${labels}} 1`, 5, 5 + labels.length);
  const learn = (i: number) => known.learn(`job="${i}"`, `/metrics/job/${i}`);
  for (let i = 0; i < 2_000; i++) learn(i);
  known.read(500);
  assert.equal(find('job="1"'), "/metrics/job/1", "in another order");
  assert.equal(find('job="2"'), "/metrics/job/2");
  assert.equal(find('job="2"x'), undefined);
  known.read(100);
  assert.equal(find('job="0"'), undefined);
  assert.equal(find('job="1"'), undefined);
  learn(1);
  known.read(1);
  assert.equal(find('job="1"'), "/metrics/job/1");
});

Deno.test("families of no use are skipped, whatever they hold and however the page is cut", {
  permissions: "none",
}, () => {
  const lines = fc.array(
    fc.constantFrom('m{a="#"} 1', 'm{a="x\\n# TYPE y"} 2', "m 3", 'm{a="push_time_seconds{"} 4'),
  );
  fc.assert(
    fc.property(lines, lines, cuts, (before, after, sizes) => {
      const text = [
        "# HELP a # TYPE b gauge",
        "# TYPE a gauge",
        ...before,
        "# TYPE process_start_time_seconds gauge",
        "process_start_time_seconds 1.5e+09",
        "# TYPE push_time_seconds gauge",
        'push_time_seconds{instance="",job="a"} 2.5e+09',
        "# TYPE z gauge",
        ...after,
        "",
      ].join("\n");
      const page = createPushTimePage();
      for (const piece of pieces(new TextEncoder().encode(text), sizes)) page.take(piece);
      assert.deepEqual([...page.times], [["/metrics/job/a", 2.5e9]]);
      assert.deepEqual([...page.types.keys()], [
        "a",
        "process_start_time_seconds",
        "push_time_seconds",
        "z",
      ]);
      assert.equal(page.started, 1.5e9);
      assert.equal(page.complete, true);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("nothing but push times is read", { permissions: "none" }, () => {
  const text = [
    'm{a="push_time_seconds{"} 1',
    "# HELP h push_time_seconds{",
    'push_failure_time_seconds{job="a"} 5',
    'push_time_seconds_total{job="a"} 5',
    'push_time_second{job="a"} 5',
    'push_time_seconds{instance="",job="a"} 1.5e+09',
    `z{job="${"x".repeat(100_000)}"} 1`,
    "",
  ].join("\n");
  for (const size of [text.length, 1, 7]) {
    const sizes = Array.from({ length: Math.ceil(text.length / size) }, () => size);
    assert.deepEqual(read(text, sizes).times, { "/metrics/job/a": 1.5e9 });
  }
});

Deno.test("times of failed pushes and types of families are read however the page is cut", {
  permissions: "none",
}, () => {
  const text = [
    "# TYPE a counter",
    "a 1",
    "# TYPE push_failure_time_seconds gauge",
    'push_failure_time_seconds{instance="",job="a"} 1.6e+09',
    'push_failure_time_seconds{instance="",job="b"} 0',
    'push_failure_time_seconds{instance="",job="c"} 10',
    "# TYPE push_time_seconds gauge",
    'push_time_seconds{instance="",job="a"} 1.5e+09',
    "# TYPE zzz histogram",
    "",
  ].join("\n");
  fc.assert(fc.property(cuts, (sizes) => {
    const page = createPushTimePage();
    for (const piece of pieces(new TextEncoder().encode(text), sizes)) page.take(piece);
    assert.deepEqual(
      new Map(page.failures),
      new Map([["/metrics/job/a", 1.6e9], ["/metrics/job/c", 10]]),
    );
    assert.deepEqual(Object.fromEntries(page.types), {
      a: "counter",
      push_failure_time_seconds: "gauge",
      push_time_seconds: "gauge",
      zzz: "histogram",
    });
    assert.deepEqual([...page.times], [["/metrics/job/a", 1.5e9]]);
  }));
});

for (
  const [why, text, complete] of [
    ["an empty page", "", false],
    ["a page without groups", TAIL, true],
    ["a page that ends before the times", "# TYPE a gauge\na 1\n", false],
    ["a page that ends behind them", sample({ job: "a" }, 1), false],
    ["a HELP alone behind them", "# HELP pushgateway_build_info x\n", false],
    ["a family in quotes behind them", '# TYPE "z.z" gauge\n', false],
    [
      "a family in quotes behind one that is complete",
      '# TYPE zzz gauge\n# TYPE "z" gauge\n',
      true,
    ],
    ["a line that breaks off", "# TYPE pushgateway_build_info gauge", false],
    ["a family that is pushed behind them", "# TYPE zzz untyped\n", true],
    ["the times themselves", "# TYPE push_time_seconds gauge\n", false],
    ["a family before them", "# TYPE push_failure_time_seconds gauge\n", false],
  ] as const
) {
  Deno.test(`${why}: ${complete ? "complete" : "not complete"}`, { permissions: "none" }, () => {
    assert.equal(read(text).complete, complete);
  });
}

for (
  const line of [
    "push_time_seconds{",
    'push_time_seconds{job="a"',
    'push_time_seconds{job="a} 1',
    'push_time_seconds{job="a\\"} 1',
    "push_time_seconds{job=a} 1",
    "push_time_seconds{job} 1",
    'push_time_seconds{job="a""b"} 1',
    'push_time_seconds{"job"} 1',
    'push_time_seconds{job="a"}',
    'push_time_seconds{job="a"} x',
    'push_time_seconds{job="a"} 1 2',
  ]
) {
  Deno.test(`no sample: ${line}`, { permissions: "none" }, () => {
    assert.throws(() => parseSample(line), SyntaxError);
  });
}
