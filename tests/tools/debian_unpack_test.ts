import assert from "node:assert/strict";
import { isDebOf } from "../../tools/components.ts";
import { parseDependencies, parseMissingLibraries } from "../../tools/debian_unpack.ts";

Deno.test(
  "dependencies are names, and of alternatives the first",
  { permissions: "none" },
  () => {
    const field =
      "libc6 (>= 2.14), libluajit-5.1-2 (>= 2.0.4+dfsg) | libluajit2-5.1-2, perl:any, adduser\n";
    assert.deepEqual(parseDependencies(field), ["libc6", "libluajit-5.1-2", "perl", "adduser"]);
    assert.deepEqual(parseDependencies("\n"), []);
  },
);

Deno.test("missing libraries are those that ldd does not find", { permissions: "none" }, () => {
  const output = `\tlinux-vdso.so.1 (0x00007ffc8d5e8000)
\tlibluajit-5.1.so.2 => not found
\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f15a0094000)
\t/lib64/ld-linux-x86-64.so.2 (0x00007f15a00c1000)
`;
  assert.deepEqual(parseMissingLibraries(output), ["libluajit-5.1.so.2"]);
  assert.deepEqual(parseMissingLibraries("\tstatically linked\n"), []);
});

const COPIES: readonly [file: string, name: string, version: RegExp | undefined, is: boolean][] = [
  ["/d/consul_1.8.7+dfsg1-2+b3_amd64.deb", "consul", undefined, true],
  ["/d/consul_1.8.7%2bdfsg1-2%2bb3_arm64.deb", "consul", undefined, true],
  ["/d/consul-template_0.29_amd64.deb", "consul", undefined, false],
  ["/d/prometheus_3.5.3+ds1-6_amd64.deb", "prometheus", /^3\./, true],
  ["/d/prometheus_1%3a3.5.3+ds1-6_amd64.deb", "prometheus", /^3\./, true],
  ["/d/prometheus_2.24.1+ds-1+b7_amd64.deb", "prometheus", /^3\./, false],
  ["/d/prometheus-pushgateway_1.11.2-1_amd64.deb", "prometheus", /^3\./, false],
  ["/d/consul_1.8.7_amd64.deb.part", "consul", undefined, false],
];
for (const [file, name, version, is] of COPIES) {
  const wanted = version ? `${name} ${version}` : name;
  Deno.test(`${file} is ${is ? "" : "no "}copy of ${wanted}`, { permissions: "none" }, () => {
    assert.equal(isDebOf(file, name, version), is);
  });
}
