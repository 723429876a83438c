import assert from "node:assert/strict";
import { durationMs, parseCount, parseRoutePrefix, parseSize } from "../../src/config/values.ts";

const refusal = { name: "TypeError", message: /^expected / };

for (
  const [text, bytes] of [["1B", 1], ["16MiB", 16_777_216], ["16MB", 16_777_216], ["2KB", 2_048], [
    "1GiB",
    2 ** 30,
  ]] as const
) {
  Deno.test(`${text} is a size of ${bytes} bytes`, { permissions: "none" }, () => {
    assert.equal(parseSize(text), bytes);
  });
}
for (const text of ["", "16", "0MB", "1.5MB", "16mb", "16 MB", "1TB", "-1B"]) {
  Deno.test(`${JSON.stringify(text)} is no size`, { permissions: "none" }, () => {
    assert.throws(() => parseSize(text), refusal);
  });
}
for (
  const [text, ms] of [["5s", 5_000], ["1m30s", 90_000], ["1.5h", 5_400_000], ["250ms", 250], [
    "10µs",
    0.01,
  ]] as const
) {
  Deno.test(`${text} is ${ms} ms`, { permissions: "none" }, () => {
    assert.equal(durationMs(text), ms);
  });
}
for (
  const [text, prefix] of [["/", ""], ["/pg", "/pg"], ["/pg/", "/pg"], [
    "/a/b-c.d",
    "/a/b-c.d",
  ]] as const
) {
  Deno.test(`${text} is a route prefix`, { permissions: "none" }, () => {
    assert.equal(parseRoutePrefix(text), prefix);
  });
}
for (const text of ["pg", "//pg", "/a//b", "/a?b", "/a b", "/../a", "/a/.."]) {
  Deno.test(`${text} is no route prefix`, { permissions: "none" }, () => {
    assert.throws(() => parseRoutePrefix(text), refusal);
  });
}
for (const text of ["", "0", "-1", "1.5", "many"]) {
  Deno.test(`${JSON.stringify(text)} is no count`, { permissions: "none" }, () => {
    assert.throws(() => parseCount(text), refusal);
  });
}
