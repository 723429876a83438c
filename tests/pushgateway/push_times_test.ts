/** What becomes of a member's push times where it answers badly, over real connections. @module */

import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { SendFailure } from "../../src/pushgateway/client/connection.ts";
import { readPushTimes } from "../../src/pushgateway/push_times.ts";
import { answerOf as answer, memberWith, type RawMember, rawMember } from "./raw_member.ts";
import { openWay } from "./read_way.ts";

const TEXT = '# TYPE push_time_seconds gauge\npush_time_seconds{instance="",job="a"} 1.5e+09\n' +
  "# TYPE pushgateway_build_info gauge\n";
const [START] = TEXT.split("# TYPE pushgateway");
const JSON_PAGE = JSON.stringify({
  status: "success",
  data: [{
    labels: { job: "b" },
    push_time_seconds: { metrics: [{ labels: { instance: "", job: "b" }, value: "2e+09" }] },
  }],
});

function gzipped(text: string): string {
  return String.fromCharCode(...gzipSync(text));
}

/** Answers each page with the same. */
function pagesOf({ text, json = answer("", { status: 404 }) }: {
  readonly text: string;
  readonly json?: string;
}): RawMember {
  return memberWith({ "/metrics": text, "/api/v1/metrics": json });
}

const never = new AbortController().signal;

async function read({ member }: RawMember, signal = never) {
  using way = openWay();
  const { times, clockAhead } = await readPushTimes(member, way, signal);
  return { times: Object.fromEntries(times), clockAhead };
}

const GZIP = { headers: "Content-Encoding: gzip\r\n" };
const FROM_TEXT = { "/metrics/job/a": 1.5e9 };
const FROM_JSON = { "/metrics/job/b": 2e9 };

for (
  const [why, text, expected] of [
    ["a page", answer(TEXT), FROM_TEXT],
    ["a packed page", answer(gzipped(TEXT), GZIP), FROM_TEXT],
    ["JSON where the page ends early", answer(START), FROM_JSON],
    ["JSON where a packed page ends early", answer(gzipped(START), GZIP), FROM_JSON],
    ["JSON where the page is empty", answer(""), FROM_JSON],
    ["JSON where the page is an error", answer("no", { status: 500 }), FROM_JSON],
    ["JSON where the page is another", answer("<html>\n"), FROM_JSON],
  ] as const
) {
  Deno.test(`push times are read from ${why}`, async () => {
    await using member = pagesOf({ text, json: answer(JSON_PAGE) });
    const { times, clockAhead } = await read(member);
    assert.deepEqual(times, expected);
    assert.deepEqual(clockAhead, { min: -Infinity, max: Infinity });
  });
}

for (
  const [why, json] of [
    ["there is none", undefined],
    ["it is an error", answer('{"status":"error"}')],
    ["it has no data", answer('{"status":"success"}')],
    ["it ends early", answer(JSON_PAGE.slice(0, -3))],
    ["it is no JSON", answer("<html>")],
  ] as const
) {
  Deno.test(`where the page is not whole and JSON is no help, as ${why}, there are no times`, async () => {
    await using member = pagesOf({ text: answer(START), json });
    await assert.rejects(
      read(member),
      (error) => error instanceof TypeError || error instanceof SyntaxError,
    );
  });
}

const FAILED = "# TYPE push_failure_time_seconds gauge\n" +
  'push_failure_time_seconds{instance="",job="a"} 1.6e+09\n' +
  'push_failure_time_seconds{instance="",job="b"} 0\n';

Deno.test("a page tells whose pushes have failed, and of which types families are", async () => {
  await using member = pagesOf({ text: answer(`# TYPE m counter\nm 1\n${FAILED}${TEXT}`) });
  using way = openWay();
  const { failures, types } = await readPushTimes(member.member, way, never);
  assert.deepEqual([...failures], [["/metrics/job/a", 1.6e9]]);
  assert.deepEqual(Object.fromEntries(types ?? []), {
    m: "counter",
    push_failure_time_seconds: "gauge",
    push_time_seconds: "gauge",
    pushgateway_build_info: "gauge",
  });
});

Deno.test("JSON tells whose pushes have failed, and not of which types all families are", async () => {
  const time = (value: string) => ({ metrics: [{ labels: {}, value }] });
  const group = (job: string, failedAt: string) => ({
    labels: { job },
    push_time_seconds: time("2e+09"),
    push_failure_time_seconds: time(failedAt),
  });
  const json = JSON.stringify({
    status: "success",
    data: [group("a", "1.6e+09"), group("b", "0")],
  });
  await using member = pagesOf({ text: answer(""), json: answer(json) });
  using way = openWay();
  const { failures, types } = await readPushTimes(member.member, way, never);
  assert.deepEqual([...failures], [["/metrics/job/a", 1.6e9]]);
  assert.equal(types, undefined);
});

Deno.test("a packed page that breaks off is an error, though its last bytes may be missing only", async () => {
  for (const bytes of [1, 5, 12]) {
    const text = answer(gzipped(TEXT).slice(0, -bytes), GZIP);
    await using member = pagesOf({ text, json: answer(JSON_PAGE) });
    await assert.rejects(read(member), TypeError);
  }
});

Deno.test("a page that says it is packed and is not is an error", async () => {
  await using member = pagesOf({ text: answer(TEXT, GZIP) });
  await assert.rejects(read(member), TypeError);
});

Deno.test("what is no sample on a packed page is what is told", async () => {
  const text = answer(gzipped(`push_time_seconds{\n${"x".repeat(100_000)}`), GZIP);
  await using member = pagesOf({ text });
  await assert.rejects(read(member), SyntaxError);
});

Deno.test("a member that hangs up tells nothing", async () => {
  await using member = rawMember(async (connection) => {
    await connection.request();
    connection.close();
  });
  await assert.rejects(read(member), SendFailure);
});

Deno.test("an abort ends the reading at once, with its reason", async () => {
  const abort = new AbortController();
  await using member = rawMember(async (connection) => {
    await connection.request();
    await connection.write(answer(TEXT).slice(0, -5));
    abort.abort(new DOMException("enough", "AbortError"));
  });
  await assert.rejects(read(member, abort.signal), { name: "AbortError", message: "enough" });
});
