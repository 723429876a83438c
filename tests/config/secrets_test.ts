import assert from "node:assert/strict";
import { inspect } from "node:util";
import { ConfigError, parseConfig } from "../../src/config/load.ts";
import { Secret } from "../../src/config/secret.ts";
import { show } from "../../src/config/values.ts";
import { READS_YAML } from "./permissions.ts";

const SECRET = "hunter2";

/** Everything that a log line, an error or an answer could make of a value. */
const RENDERINGS: readonly [name: string, render: (value: unknown) => string][] = [
  ["String()", String],
  ["a template", (value) => `${value}`],
  ["JSON", (value) => JSON.stringify({ value })],
  ["Deno.inspect()", (value) => Deno.inspect(value, { depth: 9, showHidden: true })],
  ["Node's inspect()", (value) => inspect(value, { depth: 9, showHidden: true })],
  ["its own keys", (value) => JSON.stringify(Object.entries(Object(value)))],
];
for (const [name, render] of RENDERINGS) {
  Deno.test(`${name} of a secret hides it`, { permissions: "none" }, () => {
    const secret = new Secret(SECRET);
    assert.doesNotMatch(render(secret), /hunter2/);
    assert.doesNotMatch(render({ deep: [secret] }), /hunter2/);
    assert.equal(secret.reveal(), SECRET);
  });
  Deno.test(
    `${name} of a whole configuration hides its secrets`,
    { permissions: READS_YAML },
    () => {
      for (
        const section of [
          `{username: a, password: ${SECRET}, token: ${SECRET}}`,
          "{addr: localhost}",
        ]
      ) {
        const env = (variable: string) =>
          ({ CONSUL_HTTP_TOKEN: SECRET, CONSUL_HTTP_AUTH: `a:${SECRET}` })[variable];
        const config = parseConfig(`consul_server: ${section}`, { path: "f.yml", env });
        assert.equal(config.consul?.token?.reveal(), SECRET);
        assert.equal(config.consul?.basicAuth?.password.reveal(), SECRET);
        assert.doesNotMatch(render(config), /hunter2/);
      }
    },
  );
}

/** Files that are wrong, with a secret at the place that is wrong or beside it. */
const WRONG_FILES: readonly [why: string, text: string][] = [
  ["a password without a user", "consul_server:\n  password: hunter2\n"],
  ["a password beside a wrong value", "consul_server:\n  scheme: ftp\n  password: hunter2\n"],
  ["a password of a misspelt key", "consul_server:\n  pasword: hunter2\n"],
  ["a password in a list", "consul_server:\n  username: a\n  password: [hunter2]\n"],
  ["a password in a map", "consul_server:\n  username: a\n  password: {is: hunter2}\n"],
  ["a password without a space before it", "consul_server:\n  password:hunter2\n"],
  ["a token and a file of one", "consul_server:\n  token: hunter2\n  token_file: f\n"],
  ["a password that looks like a block", "consul_server:\n  username: a\n  password: |hunter2\n"],
  ["a password that looks like a fold", "consul_server:\n  username: a\n  password: >hunter2\n"],
  ["a password that looks like a tag", "consul_server:\n  username: a\n  password: !hunter2\n"],
  ["a password like a tag of a handle", "consul_server:\n  username: a\n  password: !e!hunter2\n"],
  ["a password that looks like an alias", "consul_server:\n  username: a\n  password: *hunter2\n"],
  ["a password that looks like a map's end", "consul_server:\n  password: }hunter2\n"],
  ["a password that starts with @", "consul_server:\n  password: '@'hunter2\n"],
  ["a password with a foreign escape", 'consul_server:\n  password: "\\hunter2"\n'],
  ["a password that is not closed", 'consul_server:\n  password: "hunter2\n'],
  ["a password with a colon", "consul_server:\n  password: a: hunter2\n"],
  ["an address with a password", "consul_server:\n  addr: http://a:hunter2@localhost:8500\n"],
  ["an address with half a URL's password", "consul_server:\n  addr: http://a:hunter2/x@b:1\n"],
  ["an address with a spaced password", "consul_server:\n  addr: http://a:hunter2 x@b:1\n"],
  ["a server with a password", "pushgateway:\n  servers: [http://a:hunter2@b:1]\n"],
  ["a server with a password and a bad port", "pushgateway:\n  servers: ['a:hunter2@b:0']\n"],
  ["a listen address with a password", "http_listen_addr: a:hunter2@:1\n"],
];
for (const [why, text] of WRONG_FILES) {
  Deno.test(`no error shows ${why}`, { permissions: READS_YAML }, () => {
    assert.throws(() => parseConfig(text, { path: "f.yml", env: () => undefined }), (error) => {
      assert(error instanceof ConfigError);
      for (const [, render] of RENDERINGS) assert.doesNotMatch(render(error), /hunter2/);
      assert.doesNotMatch(`${error.problems} ${error.stack} ${error.cause}`, /hunter2/);
      return true;
    });
  });
}

Deno.test("no error shows the password of CONSUL_HTTP_ADDR", { permissions: READS_YAML }, () => {
  const env = () => "http://a:hunter2@localhost:8500";
  assert.throws(() => parseConfig("consul_server: {}", { path: "f.yml", env }), (error) => {
    assert.match(String(error), /CONSUL_HTTP_ADDR/);
    assert.doesNotMatch(Deno.inspect(error), /hunter2/);
    return true;
  });
});

const SHOWN: readonly [value: unknown, text: string, why: string][] = [
  [undefined, "nothing", "no value"],
  [null, "nothing", "null"],
  ["", "nothing", "an empty text"],
  [[1], "a list", "a list"],
  [{}, "a map", "a map"],
  ["text", '"text"', "a text, in quotes"],
  ['a"b\n', '"a\\"b\\n"', "a text, with what would break the line escaped"],
  ["x".repeat(61), `"${"x".repeat(60)}…"`, "a long text, cut"],
  ["http://a:b@c", '"http://<secret>@c"', "a URL, without its password"],
  ["a:b@c", '"<secret>@c"', "an address, without its password"],
];
for (const [value, text, why] of SHOWN) {
  Deno.test(`an error shows ${why}`, { permissions: "none" }, () => {
    assert.equal(show(value), text);
  });
}
