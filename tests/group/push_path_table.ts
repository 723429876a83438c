/**
 * What a Pushgateway makes of push paths, as measured on Pushgateway 1.11.2: the group that it
 * keeps, or the status and the words of its refusal. Where it answers with a redirect, the row
 * holds what becomes of the path that the redirect leads to; but for an empty segment, which it cleans
 * away.
 *
 * @module
 */

import type { NameScheme } from "../../src/group/label_name.ts";

/** One path, and the group it names (`job` included) or how it is refused. */
export interface PushPathRow {
  readonly path: string;
  readonly scheme: NameScheme;
  readonly why: string;
  readonly group?: Readonly<Record<string, string>>;
  readonly refusal?: { readonly status: 400 | 404 | 405; readonly reason: RegExp };
}

const NOT_FOUND = { status: 404, reason: /^404 page not found$/ } as const;
const BAD_BASE64_JOB = bad(
  /^invalid base64 encoding in job name "": illegal base64 data at input byte 0$/,
);

/** The table itself. */
export const PUSH_PATH_TABLE: readonly PushPathRow[] = [
  ...rows("a job and nothing else", { job: "a" }, [
    "/metrics/job/a",
    "/metrics/job/a/",
  ]),
  ...rows("escapes are decoded before the path is split", { job: "a" }, [
    "/metrics/job/%61",
    "/metrics/%6Aob/a",
    "/metrics%2Fjob%2Fa",
  ]),
  ...rows("base64 with and without padding, bits left over and line ends", { job: "a" }, [
    "/metrics/job@base64/YQ",
    "/metrics/job@base64/YQ=",
    "/metrics/job@base64/YQ==",
    "/metrics/job@base64/YQ====",
    "/metrics/job@base64/YQ%3D%3D",
    "/metrics/job@base64/YR",
    "/metrics/job@base64/YQ%0A",
    "/metrics/job%40base64/YQ",
  ]),
  ...rows("the job of the route wins over a job label", { job: "a" }, ["/metrics/job/a/job/b"]),
  ...rows("the job of the route wins over a job label", { job: "a", env: "x" }, [
    "/metrics/job/a/job/b/env/x",
  ]),
  ...rows("the order of labels is nothing", { job: "a", env: "x", zone: "y" }, [
    "/metrics/job/a/env/x/zone/y",
    "/metrics/job/a/zone/y/env/x",
  ]),
  ...rows("the last of two equal names wins", { job: "a", env: "y" }, [
    "/metrics/job/a/env/x/env/y",
    "/metrics/job/a/env/x/env@base64/eQ",
  ]),
  ...rows("names are decoded too", { job: "a", env: "x" }, [
    "/metrics/job/a/e%6Ev/x",
    "/metrics/job/a/env%40base64/eA",
    "/metrics/job/a%2fenv%2fx",
  ]),
  ...refusals("an encoded slash parts a value", bad(/^odd number of components in .* "\/b"$/), [
    "/metrics/job/a%2Fb",
  ]),
  ...refusals(
    "cleaning would make another group of a value that is empty, or begins with a slash",
    bad(/^empty path segment .* NAME@base64\/=/),
    [
      "/metrics/job/a/path/%2Fvar%2Ftmp",
      "/metrics/job/a/env@base64//zone/z",
      "/metrics/job/a/env//zone//x/1",
      "/metrics/job/a//x",
      "/metrics/job/a//x/y",
      "/metrics/job/a//",
      "/metrics/job//a",
      "//metrics/./job/a/env/b/../c//",
      "/METRICS/job@base64//YQ",
    ],
  ),
  ...rows("a value with slashes as base64", { job: "a", path: "/var/tmp" }, [
    "/metrics/job/a/path@base64/L3Zhci90bXA",
    "/metrics/job/a/path@base64/L3Zhci90bXA=",
  ]),
  ...rows("an empty value, which is not the same as none", { job: "a", env: "" }, [
    "/metrics/job/a/env/",
    "/metrics/job/a/env@base64/",
    "/metrics/job/a/env@base64/=",
    "/metrics/job/a/env@base64/%3D",
  ]),
  ...rows("an empty value before another label", { job: "a", env: "", zone: "z" }, [
    "/metrics/job/a/env@base64/=/zone/z",
  ]),
  ...rows("cleaning leaves a slash at the end, and its empty value", { job: "a", env: "" }, [
    "//metrics/job/a/env/",
    "/metrics/job/./a/env/",
  ]),
  ...rows("slashes too many are cleaned away", { job: "a" }, [
    "//metrics/job/a",
    "/metrics//job/a",
    "/x//../metrics/job/a/",
  ]),
  ...refusals("a name without a value", bad(/^odd number of components in label string /), [
    "/metrics/job/a/instance/b/",
    "/metrics/job/a/instance",
  ]),
  ...rows("a plus is a plus", { job: "a+b" }, ["/metrics/job/a+b", "/metrics/job/a%2Bb"]),
  ...rows("an encoded space", { job: "a b" }, ["/metrics/job/a%20b"]),
  ...rows("an encoded NUL", { job: "a\0b" }, ["/metrics/job/a%00b"]),
  ...rows("an encoded percent sign", { job: "a%b" }, ["/metrics/job/a%25b"]),
  ...rows("escapes are decoded once", { job: "%2F" }, ["/metrics/job/%252F"]),
  ...rows("UTF-8 in either case of hex, raw, or in base64", { job: "é" }, [
    "/metrics/job/%C3%A9",
    "/metrics/job/%c3%a9",
    "/metrics/job/é",
    "/metrics/job@base64/w6k",
  ]),
  ...rows("é in two code points is another text", { job: "e\u0301" }, ["/metrics/job/e%CC%81"]),
  ...refusals("bytes that are no UTF-8 would poison the store", bad(/not valid UTF-8$/), [
    "/metrics/job/%E9",
    "/metrics/job@base64/_w",
    "/metrics/job/a/env/%E9",
    "/metrics/job/a/env@base64/_w",
    "/metrics/job/%C0%AF",
    "/metrics/job/%ED%A0%80",
  ]),
  ...refusals("a job of no bytes", bad(/^job name is required$/), ["/metrics/job@base64/="]),
  ...refusals("a job of no characters", NOT_FOUND, ["/metrics/job@base64/"]),
  ...refusals("characters outside the URL-safe alphabet, or one too few", BAD_BASE64_JOB, [
    "/metrics/job@base64/!!",
    "/metrics/job@base64/Y",
    "/metrics/job@base64/+-8",
  ]),
  ...refusals(
    "characters outside the alphabet in a label",
    bad(/^invalid base64 encoding for label env="!": illegal base64 data at input byte 0$/),
    ["/metrics/job/a/env@base64/!"],
  ),
  ...rows("names that look odd and are none", { job: "a", _x: "y", le: "1", Instance: "b" }, [
    "/metrics/job/a/_x/y/le/1/Instance/b",
  ]),
  ...rows("characters that only look like syntax", { job: "a;b:c@d,e=f&g~!$'()*#" }, [
    "/metrics/job/a;b:c@d,e=f&g~!$'()*#",
  ]),
  ...rows("the route in another case", { job: "a" }, [
    "/Metrics/job/a",
    "/metrics/JOB/a",
    "/metrics/job@Base64/YQ",
  ]),
  ...refusals("the base64 route in another case takes the job alone", NOT_FOUND, [
    "/metrics/job@Base64/YQ/env/x",
  ]),
  ...refusals("no push route", NOT_FOUND, [
    "/metrics/job/",
    "/metrics/job",
    "/metrics/",
    "/metrics/jobs/a",
    "/",
    "/pg/metrics/job/a",
  ]),
  ...rows("dots are cleaned away", { job: "a" }, ["/metrics/job/../job/a", "/metrics/job/a/."]),
  ...refusals("dots that clean the job away", NOT_FOUND, [
    "/metrics/job/a/..",
    "/metrics/job/.",
  ]),
  ...refusals("no job at all", { status: 405, reason: /^Method Not Allowed$/ }, [
    "/metrics",
    "/metrics/job/%2E%2E",
  ]),
  ...rows("dots as base64", { job: "..", env: "." }, ["/metrics/job@base64/Li4/env@base64/Lg"]),
  ...refusals("malformed percent-encoding", bad(/^400 Bad Request/), [
    "/metrics/job/%zz",
    "/metrics/job/a%",
    "/metrics/job/%E9%4",
  ]),

  ...refusals("the suffix has one spelling", bad(/^improper label name "env@BASE64"$/), [
    "/metrics/job/a/env@BASE64/eA",
  ]),
  ...["my-label", "1x", "a:b", "é", "__x", "__name__"].flatMap((name) =>
    refusals("no label name", bad(new RegExp(`^improper label name "${name}"$`)), [
      `/metrics/job/a/${encodeURIComponent(name)}/x`,
    ])
  ),
  ...refusals("an empty name", bad(/^improper label name ""$/), ["/metrics/job/a/@base64/eA"]),
  ...rows("an escape is a plain name", { job: "a", U__my_2d_label: "x" }, [
    "/metrics/job/a/U__my_2d_label/x",
  ]),

  ...utf8Rows({ "my-label": "x" }, ["my-label", "U__my_2d_label", "U__my_2D_label"]),
  ...utf8Rows({ "1x": "x" }, ["1x"]),
  ...utf8Rows({ "a:b": "x" }, ["a:b"]),
  ...utf8Rows({ "é": "x" }, ["%C3%A9", "é", "U___e9_"]),
  ...utf8Rows({ "a b": "x" }, ["a%20b", "U__a_20_b"]),
  ...utf8Rows({ "a_b": "x" }, ["a_b", "U__a__b"]),
  ...utf8Rows({ "a/b": "x" }, ["U__a_2f_b"]),
  ...utf8Rows({}, ["U__job"]),
  ...["U__a_zz_b", "U__a_2e", "U__a_d800_b", "U___", "U__a_0000e9_b"].flatMap((name) =>
    utf8Rows({ [name]: "x" }, [name])
  ),
  ...refusals("an escape of nothing", bad(/^improper label name "U__"$/), [
    "/metrics/job/a/U__/x",
  ], "utf8"),
  ...refusals("a name that is no UTF-8", bad(/not valid UTF-8$/), [
    "/metrics/job/a/%FF/x",
  ], "utf8"),
  ...refusals("a reserved name would poison the store", bad(/^improper label name /), [
    "/metrics/job/a/__x/y",
    "/metrics/job/a/U___5f__5f_x/y",
    "/metrics/job/a/U______x/y",
  ], "utf8"),
  ...rows("only the last suffix counts", { job: "a", "env@base64": "x" }, [
    "/metrics/job/a/env@base64@base64/eA",
  ], "utf8"),
];

function rows(
  why: string,
  group: Record<string, string>,
  paths: readonly string[],
  scheme: NameScheme = "legacy",
): PushPathRow[] {
  return paths.map((path) => ({ path, scheme, why, group }));
}

function refusals(
  why: string,
  refusal: NonNullable<PushPathRow["refusal"]>,
  paths: readonly string[],
  scheme: NameScheme = "legacy",
): PushPathRow[] {
  return paths.map((path) => ({ path, scheme, why, refusal }));
}

/** Names as they stand in a path, and what they all mean where UTF-8 names are enabled. */
function utf8Rows(labels: Record<string, string>, names: readonly string[]): PushPathRow[] {
  const paths = names.map((name) => `/metrics/job/a/${name}/x`);
  return rows("a UTF-8 name, raw or escaped", { job: "a", ...labels }, paths, "utf8");
}

function bad(reason: RegExp): { status: 400; reason: RegExp } {
  return { status: 400, reason };
}
