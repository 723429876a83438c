import fc from "fast-check";
import assert from "node:assert/strict";
import type { FamilyHead, PageFormat } from "../../../src/pushgateway/pages/families.ts";
import {
  mergeFamilies,
  type MergeOptions,
  type Shows,
  wholePage,
} from "../../../src/pushgateway/pages/merge_families.ts";
import { PROTOBUF_FORMAT } from "../../../src/pushgateway/pages/protobuf_families.ts";
import { createProtobufPage } from "../../../src/pushgateway/pages/protobuf_page.ts";
import { latin1Of } from "../../../src/pushgateway/pages/series.ts";
import { createTextFormat } from "../../../src/pushgateway/pages/text_families.ts";
import { concat } from "../../../src/pushgateway/pages/concat.ts";
import { families, metricOf, type ModelFamily, protobufPage, textPage } from "./page_model.ts";
import { cuts, pieces } from "./pieces.ts";

const permissions = "none";
const TEXT = createTextFormat(true);

interface Given {
  readonly bytes: Uint8Array;
  readonly shows?: Shows;
  /** Where it is cut. */
  readonly sizes?: readonly number[];
}

async function merge<Head extends FamilyHead>(
  given: readonly Given[],
  format: PageFormat<Head>,
  options: Partial<MergeOptions<Head>> = {},
): Promise<Uint8Array> {
  const pages = given.map(({ bytes, shows, sizes = [] }, i) => {
    const left = pieces(bytes, sizes);
    const read = () => Promise.resolve(left.next().value ?? undefined);
    return { name: `page ${i}`, families: format.reader(read), shows };
  });
  const merged: Uint8Array[] = [];
  const { signal } = new AbortController();
  const all = { format, hidden: new Set<string>(), onConflict() {}, signal, ...options };
  for await (const bytes of mergeFamilies(pages, all)) merged.push(bytes.slice());
  return concat(merged);
}

async function mergeTexts(texts: readonly string[], shows: readonly (Shows | undefined)[] = []) {
  const given = texts.map((text, i) => ({
    bytes: new TextEncoder().encode(text),
    shows: shows[i],
  }));
  return new TextDecoder().decode(await merge(given, TEXT));
}

/** Each family with all of its metrics, of whichever page, and the first help. */
function together(pages: readonly (readonly ModelFamily[])[]): ModelFamily[] {
  const all = Map.groupBy(
    pages.flat().filter(({ metrics }) => metrics.length > 0),
    ({ name }) => name,
  );
  return [...all.values()].map((same) => ({
    ...same[0],
    help: same.find(({ help }) => help !== undefined)?.help,
    metrics: same.flatMap(({ metrics }) => metrics),
  }));
}

/** Some pages of the same families, of which each has its own metrics and its own help. */
const split = fc.tuple(families, fc.integer({ min: 1, max: 4 }), fc.infiniteStream(fc.nat())).map(
  ([whole, count, random]) => {
    const draw = () => random.next().value ?? 0;
    return Array.from({ length: count }, () =>
      whole.map((family) => ({
        ...family,
        help: draw() % 3 === 0 ? undefined : family.help,
        metrics: family.metrics.filter(() => draw() % 2 === 0),
      })));
  },
);
const givenCuts = fc.array(cuts, { minLength: 4, maxLength: 4 });

Deno.test(
  "text pages that are merged hold what all of them hold, each family once, however they are cut",
  {
    permissions,
  },
  async () => {
    await fc.assert(
      fc.asyncProperty(split, givenCuts, async (pages, sizes) => {
        const given = pages.map((page, i) => ({ bytes: textPage(page), sizes: sizes[i] }));
        const merged = new TextDecoder().decode(await merge(given, TEXT));
        assert.equal(merged, new TextDecoder().decode(textPage(together(pages))));
      }),
      { numRuns: 500 },
    );
  },
);

Deno.test(
  "messages that are merged hold what all of them hold, each family once, however they are cut",
  {
    permissions,
  },
  async () => {
    await fc.assert(
      fc.asyncProperty(split, givenCuts, async (pages, sizes) => {
        const given = pages.map((page, i) => ({ bytes: protobufPage(page), sizes: sizes[i] }));
        const merged = await merge(given, PROTOBUF_FORMAT);
        assert.deepEqual(merged, protobufPage(together(pages)));
      }),
      { numRuns: 500 },
    );
  },
);

/** Shows a metric by its value of `x`. */
const byX: Shows = (labels) => {
  const [, x = ""] = labels.find(([name]) => name === "x") ?? [];
  return x.length % 2 === 0 ? "always" : "never";
};

Deno.test("of a page only what counts is shown, whatever else its metrics are", {
  permissions,
}, async () => {
  const isShown = ({ labels: { x = "" } }: ModelFamily["metrics"][number]) =>
    new TextEncoder().encode(x).length % 2 === 0;
  await fc.assert(
    fc.asyncProperty(families, cuts, async (page, sizes) => {
      const shown = page.map((family) => ({ ...family, metrics: family.metrics.filter(isShown) }));
      const text = await merge([{ bytes: textPage(page), shows: byX, sizes }], TEXT);
      assert.deepEqual(text, new Uint8Array(textPage(shown)));
      const given = [{ bytes: protobufPage(page), shows: byX, sizes }];
      assert.deepEqual(await merge(given, PROTOBUF_FORMAT), protobufPage(shown));
    }),
    { numRuns: 500 },
  );
});

const HISTOGRAM: ModelFamily = { name: "h", type: "histogram", help: undefined, metrics: [] };
const SUMMARY: ModelFamily = { ...HISTOGRAM, name: "s", type: "summary" };

for (const family of [HISTOGRAM, SUMMARY]) {
  Deno.test(`a ${family.type} that is shown once is the first page's, with all of its lines`, {
    permissions,
  }, async () => {
    const metric = (x: string, value: number) => ({ labels: { job: "j", x }, value });
    const [one, other] = [[metric("a", 1), metric("b", 1)], [metric("b", 2), metric("c", 2)]];
    const given = [one, other].map((metrics) => [{ ...family, metrics }]);
    const expected = [{ ...family, metrics: [...one, other[1]] }];
    const shows = () => "once" as const;
    assert.deepEqual(
      await merge(given.map((page) => ({ bytes: textPage(page), shows })), TEXT),
      new Uint8Array(textPage(expected)),
    );
    assert.deepEqual(
      await merge(given.map((page) => ({ bytes: protobufPage(page), shows })), PROTOBUF_FORMAT),
      protobufPage(expected),
    );
  });
}

Deno.test(
  "what a page shows last hides nothing of other pages, and is hidden by what others show once",
  {
    permissions,
  },
  async () => {
    const page = (value: number) => `# TYPE m gauge\nm{job="j"} ${value}\n`;
    const merged = (...how: ("always" | "once" | "last")[]) =>
      mergeTexts([page(1), page(2)], how.map((shown) => () => shown));
    assert.equal(await merged("once", "last"), page(1));
    assert.equal(await merged("last", "once"), `${page(1)}m{job="j"} 2\n`);
    assert.equal(await merged("always", "last"), `${page(1)}m{job="j"} 2\n`);
  },
);

Deno.test(
  "what Pushgateways say of themselves is left out, and what clients push under such a name is not",
  {
    permissions,
  },
  async () => {
    const own = "# HELP go_threads Own.\n# TYPE go_threads gauge\ngo_threads 9\n";
    const pushed = 'go_threads{instance="",job="j"} 7\n';
    const build =
      '# TYPE pushgateway_build_info gauge\npushgateway_build_info{x="job=\\"",y=",job="} 1\n';
    const info = '# TYPE process_x gauge\nprocess_x{a="1",b="2"} 1\nprocess_x{job="j"} 2\n';
    assert.equal(
      await mergeTexts([own + info, own + pushed + build]),
      own.replace("go_threads 9\n", "") + pushed + '# TYPE process_x gauge\nprocess_x{job="j"} 2\n',
    );
  },
);

Deno.test("a family that is hidden is left out with all of its samples", {
  permissions,
}, async () => {
  const bytes = new TextEncoder().encode("# TYPE a gauge\na{} 1\n# TYPE b gauge\nb{} 1\n");
  const merged = await merge([{ bytes }, { bytes }], TEXT, { hidden: new Set(["a"]) });
  assert.equal(new TextDecoder().decode(merged), "# TYPE b gauge\nb{} 1\nb{} 1\n");
});

Deno.test("a family of several types has none in the text, and is told", {
  permissions,
}, async () => {
  const pages = [
    '# TYPE m counter\nm{job="a"} 1\n',
    '# TYPE m histogram\nm_bucket{job="b",le="+Inf"} 1\nm_sum{job="b"} 1\nm_count{job="b"} 1\n',
    '# TYPE m counter\nm{job="c"} 1\n',
  ];
  const told: string[] = [];
  const given = pages.map((page) => ({ bytes: new TextEncoder().encode(page) }));
  const merged = await merge(given, TEXT, {
    onConflict: (family, types) => told.push(`${family}: ${JSON.stringify([...types])}`),
  });
  const lines = pages.map((page) => page.slice(page.indexOf("\n") + 1)).join("");
  assert.equal(new TextDecoder().decode(merged), `# TYPE m untyped\n${lines}`);
  assert.deepEqual(told, ['m: [["page 0","counter"],["page 1","histogram"],["page 2","counter"]]']);
});

/** The metrics of each message, by the name and type that it says. */
function messagesOf(
  bytes: Uint8Array,
): [name: string, type: number | undefined, metrics: string[]][] {
  const found: [string, number | undefined, string[]][] = [];
  let metrics: string[] = [];
  const page = createProtobufPage({
    metric: (bytes) => void metrics.push(latin1Of(bytes)),
    familyEnd({ name, type }) {
      found.push([name, type, metrics]);
      metrics = [];
    },
  });
  page.take(bytes);
  page.end();
  return found;
}

Deno.test("a family of several types is a message for each in protobuf", {
  permissions,
}, async () => {
  const counter = {
    name: "m",
    type: "counter",
    help: "A counter.",
    metrics: [{ labels: { job: "a" }, value: 1 }],
  } as const;
  const gauge = {
    ...counter,
    type: "gauge",
    metrics: [{ labels: { job: "b" }, value: 2 }],
  } as const;
  const merged = await merge(
    [counter, counter, gauge].map((family) => ({ bytes: protobufPage([family]) })),
    PROTOBUF_FORMAT,
  );
  const [one, two] = [counter, gauge].map((family) =>
    latin1Of(metricOf(family, family.metrics[0]))
  );
  assert.deepEqual(messagesOf(merged), [["m", 0, [one, one]], ["m", 1, [two]]]);
});

Deno.test("a large family comes in several messages, and one metric is never cut", {
  permissions,
}, async () => {
  const family: ModelFamily = {
    name: "m",
    type: "gauge",
    help: "Large.",
    metrics: Array.from({ length: 30_000 }, (_, i) => ({
      labels: { job: "j", x: String(i).padStart(80, "0") },
      value: i,
    })),
  };
  const given = [{ bytes: protobufPage([family]), sizes: Array(100).fill(50_000) }];
  const messages = messagesOf(await merge(given, PROTOBUF_FORMAT));
  assert(messages.length > 1 && messages.length < 10, `${messages.length} messages`);
  assert(messages.every(([name, type]) => name === "m" && type === 1));
  assert.deepEqual(
    messages.flatMap(([, , metrics]) => metrics),
    family.metrics.map((metric) => latin1Of(metricOf(family, metric))),
  );
});

Deno.test("names that were escaped are in no order: a family that comes again has no second head", {
  permissions,
}, async () => {
  // Sorted as `my.metric` and `my_a`.
  const both = '# TYPE my_metric gauge\nmy_metric{job="a"} 1\n# TYPE my_a gauge\nmy_a{job="a"} 1\n';
  const one = '# TYPE my_a gauge\nmy_a{job="b"} 1\n';
  const given = [both, one].map((text) => ({ bytes: new TextEncoder().encode(text) }));
  const merged = new TextDecoder().decode(await merge(given, createTextFormat(false)));
  assert.equal(merged, one + both.replace("# TYPE my_a gauge\n", ""));
});

const BROKEN: readonly [why: string, bytes: Uint8Array, format: "text" | "protobuf"][] = [
  ["a line that breaks off", new TextEncoder().encode("# TYPE m gauge\nm{} 1\nm{"), "text"],
  ["samples of no family", new TextEncoder().encode("m 1\n# TYPE m gauge\n"), "text"],
  ["a message that breaks off", new Uint8Array([5, 0x0a, 1, 0x6d]), "protobuf"],
  ["a length that breaks off", new Uint8Array([0x80]), "protobuf"],
  ["a field beyond its message", new Uint8Array([3, 0x22, 5, 0, 0, 0, 0, 0]), "protobuf"],
  [
    "a metric beyond its message",
    new Uint8Array([5, 0x0a, 1, 0x6d, 0x22, 9, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
    "protobuf",
  ],
];
for (const [why, bytes, format] of BROKEN) {
  Deno.test(`${why} fails`, { permissions }, async () => {
    const merging = format === "text"
      ? merge([{ bytes }], TEXT)
      : merge([{ bytes }], PROTOBUF_FORMAT);
    await assert.rejects(merging, SyntaxError);
  });
}

Deno.test("a page without what every Pushgateway has of itself is not whole", {
  permissions,
}, async () => {
  const build = "# TYPE pushgateway_build_info gauge\npushgateway_build_info{} 1\n";
  for (
    const [page, isWhole] of [["", false], ["# TYPE a gauge\n", false], [build, true]] as const
  ) {
    const left = [new TextEncoder().encode(page)];
    const { next } = wholePage(TEXT.reader(() => Promise.resolve(left.pop())));
    const reading = (async () => {
      while (await next());
    })();
    if (isWhole) await reading;
    else await assert.rejects(reading, /expected all families, found a page without pushgateway_/);
  }
});

Deno.test("a merge that is given up ends with the reason", { permissions }, async () => {
  const stop = new AbortController();
  const line = new TextEncoder().encode("m{} 1\n".repeat(1_000));
  let isFirst = true;
  const read = () => {
    const bytes = isFirst ? new TextEncoder().encode("# TYPE m gauge\n") : line;
    isFirst = false;
    return Promise.resolve(bytes);
  };
  const page = { name: "endless", families: TEXT.reader(read) };
  const merging = mergeFamilies([page], {
    format: TEXT,
    hidden: new Set(),
    onConflict() {},
    signal: stop.signal,
  });
  await merging.next();
  stop.abort(new Error("given up"));
  await assert.rejects(async () => {
    for await (const _ of merging);
  }, /given up/);
});
