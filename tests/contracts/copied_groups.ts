/**
 * Pushes that are hard to copy: what only one page of a Pushgateway tells, and what its pages tell
 * wrongly. No expectations: a copy has to be the same.
 *
 * @module
 */

import { delimited, type Field, message } from "../pushgateway/pages/protobuf_message.ts";

/** One push. */
export interface HardPush {
  readonly why: string;
  readonly path: string;
  /** Text, or delimited protobuf. */
  readonly body: string | Uint8Array<ArrayBuffer>;
}

const [COUNTER, GAUGE, SUMMARY, HISTOGRAM, GAUGE_HISTOGRAM] = [0, 1, 2, 4, 5];
const TIMESTAMP: Field[] = [[1, 1_700_000_000], [2, 5]];
const EXEMPLAR: Field[] = [[1, [[1, "trace_id"], [2, 'é"\\']]], [2, { double: 0.3 }], [
  3,
  TIMESTAMP,
]];

/** As the wire format writes a `sint32` or `sint64`. */
function zigzag(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

function family(name: string, type: number, ...metrics: Field[][]) {
  const fields: Field[] = [[1, name], [2, `Help of ${name}.`], [3, type]];
  return message([...fields, ...metrics.map((metric): Field => [4, metric])]);
}

/** What only the latest versions can show; the text page of others ends there. */
export const GAUGE_HISTOGRAM_PUSH: HardPush = {
  why: "a gauge histogram",
  path: "/metrics/job/gauge_histogram",
  body: delimited(family("of_gauges", GAUGE_HISTOGRAM, [[7, [[1, 3], [2, { double: 2 }]]]])),
};

/** For Pushgateways with any label names. */
export const HARD_PUSHES: readonly HardPush[] = [
  {
    why: "counters, gauges and untyped metrics",
    path: "/metrics/job/plain/instance/a",
    body: [
      '# HELP c A counter with \\\\ and \\n and "quotes".',
      "# TYPE c counter",
      'c{code="200"} 1027',
      'c{code="500",} 3',
      "# HELP g Of instance a.",
      "# TYPE g gauge",
      "g -1.5e-7",
      "u 9007199254740993",
      "",
    ].join("\n"),
  },
  {
    why: "another HELP for the same family, and none",
    path: "/metrics/job/plain/instance/b",
    body: '# HELP g Of instance b.\n# TYPE g gauge\ng 2\n# TYPE c counter\nc{code="200"} 5\n',
  },
  {
    why: "special floats",
    path: "/metrics/job/floats",
    body: '# TYPE f gauge\nf{v="nan"} NaN\nf{v="+"} +Inf\nf{v="-"} -Inf\nf{v="-0"} -0\n' +
      'f{v="small"} 1e-320\nf{v="large"} 1.7976931348623157e308\n',
  },
  {
    why: "summaries and classic histograms",
    path: "/metrics/job/buckets",
    body: [
      "# TYPE s summary",
      's{quantile="0.5"} NaN',
      's{quantile="0.99"} 2',
      "s_sum NaN",
      "s_count 3",
      's{path="/",quantile="0.5"} 1',
      's_sum{path="/"} 1',
      's_count{path="/"} 1',
      "# TYPE h histogram",
      'h_bucket{le="0.5"} 3',
      'h_bucket{le="10"} 7',
      'h_bucket{le="+Inf"} 10',
      "h_sum 55.5",
      "h_count 10",
      "",
    ].join("\n"),
  },
  {
    why: "label values with every escape, in the group and in the body",
    path: `/metrics/job/${
      encodeURIComponent('q"\\\né🚀,{}')
    }/dir@base64/L3Zhci90bXA/empty@base64/=`,
    body: 'm{q="\\"",b="\\\\",n="\\n",s="/",e="",u="é🚀\u2028"} 1\n',
  },
  {
    why: "a label of the body that looks like a group's",
    path: "/metrics/job/nested",
    body: 'n{env="x",z="1"} 1\nn{env="y"} 2\nonly_outer{env="x"} 3\n',
  },
  { why: "that group beside", path: "/metrics/job/nested/env/x", body: "n 4\nonly_inner 5\n" },
  {
    why: "metrics that hide what the API says of the group",
    path: "/metrics/job/hidden/zone/a",
    body: '# TYPE labels gauge\nlabels{a="b"} 1\nlabels 2\nlast_push_successful 3\n',
  },
  {
    why: "families that the Pushgateway has too, with a HELP of its own",
    path: "/metrics/job/own",
    body: "# HELP go_goroutines Mine.\n# TYPE go_goroutines gauge\ngo_goroutines 7\n",
  },
  { why: "an empty group", path: "/metrics/job/empty", body: "" },
  {
    why: "an explicit empty instance",
    path: "/metrics/job/explicit/instance@base64/=",
    body: "m 1\n",
  },
  {
    why: "exemplars, created timestamps and unknown fields",
    path: "/metrics/job/protobuf",
    body: delimited(
      family("pb_counter", COUNTER, [[3, [[1, { double: 5 }], [2, EXEMPLAR], [3, TIMESTAMP]]]]),
      family("pb_gauge", GAUGE, [[1, [[1, "l"], [2, ""]]], [2, [[1, { double: -0 }]]], [99, "?"]]),
      family("pb_summary", SUMMARY, [[4, [
        [1, (1n << 53n) + 1n],
        [2, { double: NaN }],
        [3, [[1, { double: 0.5 }], [2, { double: NaN }]]],
        [4, TIMESTAMP],
      ]]]),
      family("pb_classic", HISTOGRAM, [[7, [
        [1, (1n << 60n) + 1n],
        [2, { double: 1 }],
        [3, [[1, 3], [2, { double: 0.1 }], [3, EXEMPLAR]]],
        [3, [[1, (1n << 60n) + 1n], [2, { double: Infinity }]]],
      ]]]),
    ),
  },
  {
    why: "histograms of other kinds",
    path: "/metrics/job/native",
    body: delimited(
      family("native", HISTOGRAM, [[7, [
        [1, 13],
        [2, { double: 55.5 }],
        [5, zigzag(3)],
        [6, { double: 1e-128 }],
        [7, 2],
        [9, [[1, zigzag(-2)], [2, 1]]],
        [10, zigzag(3)],
        [12, [[1, zigzag(0)], [2, 2]]],
        [12, [[1, zigzag(5)], [2, 1]]],
        [13, zigzag(3)],
        [13, zigzag(-1)],
        [13, zigzag(1)],
        [15, TIMESTAMP],
        [16, EXEMPLAR],
      ]]]),
      family("native_float", HISTOGRAM, [[7, [
        [4, { double: 2.5 }],
        [2, { double: 1 }],
        [5, zigzag(-1)],
        [6, { double: 0.001 }],
        [8, { double: 0.5 }],
        [12, [[1, zigzag(1)], [2, 1]]],
        [14, { double: 2 }],
      ]]]),
      family("classic_float", HISTOGRAM, [[7, [
        [4, { double: 2.5 }],
        [2, { double: 1 }],
        [3, [[4, { double: 1.5 }], [2, { double: 0.1 }]]],
        [3, [[4, { double: 2.5 }], [2, { double: Infinity }]]],
      ]]]),
    ),
  },
  GAUGE_HISTOGRAM_PUSH,
  {
    why: "families that say little of themselves",
    path: "/metrics/job/laconic",
    body: delimited(
      message([[1, "no_help"], [3, GAUGE], [4, [[2, [[1, { double: 1 }]]]]]]),
      message([[1, "empty_help"], [2, ""], [3, GAUGE], [4, [[2, [[1, { double: 1 }]]]]]]),
      message([[1, "no_type"], [2, "h"], [4, [[3, [[1, { double: 1 }]]]]]]),
      message([[1, "no_metrics"], [2, "h"], [3, SUMMARY]]),
      message([[1, "no_utf8_help"], [2, Uint8Array.of(0xff, 0x61)], [3, GAUGE], [4, [[2, []]]]]),
      message([[1, "a-b"], [3, GAUGE], [4, [[2, [[1, { double: 1 }]]]]]]),
    ),
  },
];

/** For those with `--push.enable-utf8-names` besides. */
export const HARD_PUSHES_UTF8_NAMES: readonly HardPush[] = [
  {
    why: "names in UTF-8, in the group and in the body",
    path: "/metrics/job/utf8/my-label/x/U__a_2f_b/y/%C3%A9%22/z",
    body: '# HELP "my.metric" Quoted.\n# TYPE "my.metric" gauge\n' +
      '{"my.metric","my.label"="a",plain="b"} 1\n{"é \\"🚀\\"\\\\"} 2\n',
  },
  {
    why: "a name that another escapes to",
    path: "/metrics/job/utf8/my_label/x",
    body: "# TYPE my_metric gauge\nmy_metric 1\n",
  },
];
