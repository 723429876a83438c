/** The service behind TLS and passwords, asked by curl, beside a Pushgateway with the same file. */

import assert from "node:assert/strict";
import { outputOf, run } from "../../tools/command.ts";
import { type Component, ensureComponents } from "../../tools/components.ts";
import { freePort } from "../../tools/ports.ts";
import { startProcess } from "../../tools/process.ts";
import { readSpecification } from "../http/openapi.ts";
import { serviceCommand } from "../integration/service.ts";
import { startWebService } from "./web_service.ts";

interface Asked {
  readonly curl: Component;
  readonly ca: string;
}

/** Status, the challenge, and the text of an answer, as curl gets them. */
async function ask({ curl, ca }: Asked, url: string, ...args: string[]): Promise<string> {
  const format = "%{http_code} %header{www-authenticate} %header{x-frame-options} ";
  const all = ["--silent", "--cacert", ca, "--write-out", `%{stderr}${format}`, ...args, url];
  const { code, stdout, stderr } = await run(curl.command, all, curl);
  return code === 0 ? `${stderr}${stdout}` : `curl ends with ${code}`;
}

const RIGHT = ["--user", "alice:wonder"];
const CASES: readonly [what: string, args: readonly string[]][] = [
  ["no password", []],
  ["a wrong password", ["--user", "alice:wrong"]],
  ["a wrong password once more", ["--user", "alice:wrong"]],
  ["an unknown user", ["--user", "bob:wonder"]],
  ["no password at all of a user", ["--user", "alice:"]],
  ["another scheme", ["--header", "Authorization: Bearer wonder"]],
  ["the right password", RIGHT],
  ["the right password once more", RIGHT],
];

Deno.test("a Pushgateway takes the same file, and answers the same to each password", async (t) => {
  const { curl, pushgateway } = await ensureComponents(["curl", "pushgateway"]);
  const more = "http_server_config: {headers: {X-Frame-Options: deny}}\n";
  await using own = await startWebService({ parts: { more } });
  const address = `127.0.0.1:${freePort()}`;
  await using _gateway = await startProcess(pushgateway.command, {
    args: [`--web.listen-address=${address}`, `--web.config.file=${own.web.file}`],
    env: pushgateway.env,
    ready: ({ output }) => output.includes("TLS is enabled"),
  });
  const asked = { curl, ca: own.web.authority.ca };
  for (const [what, args] of CASES) {
    await t.step(what, async () => {
      const [ours, theirs] = await Promise.all(
        [own.service.url, `https://${address}`].map((url) =>
          ask(asked, `${url}/-/healthy`, ...args)
        ),
      );
      assert.equal(ours.trim(), theirs.trim());
      assert.match(ours, args === RIGHT ? /^200 {2}deny OK/ : /^401 Basic deny Unauthorized\n$/);
    });
  }
});

Deno.test("nothing is answered without the password, and all is with it", async () => {
  const { curl } = await ensureComponents(["curl"]);
  await using own = await startWebService({ flags: ["--web.enable-admin-api"] });
  const asked = { curl, ca: own.web.authority.ca };
  const requests: readonly [status: number, method: string, path: string][] = [
    [200, "GET", "/-/healthy"],
    [200, "GET", "/-/ready"],
    [200, "GET", "/metrics"],
    [200, "GET", "/sd"],
    [200, "GET", "/api/v1/members"],
    [200, "GET", "/metrics/job/a"],
    [200, "PUT", "/metrics/job/a"],
    [200, "POST", "/metrics/job/a"],
    [202, "DELETE", "/metrics/job/a"],
    [200, "POST", "/-/reload"],
    [404, "GET", "/no/such/path"],
  ];
  for (const [status, method, path] of requests) {
    const body = ["PUT", "POST"].includes(method) ? ["--data-binary", "m 1\n"] : [];
    const args = ["--request", method, ...body];
    const url = `${own.service.url}${path}`;
    assert.match(await ask(asked, url, ...args), /^401 Basic /, `${method} ${path}`);
    assert.match(await ask(asked, url, ...RIGHT, ...args), new RegExp(`^${status} `), path);
  }
  const groups = await own.gateways[0].groups();
  assert.deepEqual(groups, [], "what was pushed with the password was deleted with it");
});

Deno.test("a page of another site changes nothing, whoever has the password", async () => {
  const { curl } = await ensureComponents(["curl"]);
  await using own = await startWebService({ flags: ["--web.enable-admin-api"] });
  const asked = { curl, ca: own.web.authority.ca };
  const site = ["--header", "Origin: https://evil.example.com"];
  for (
    const [method, path] of [
      ["PUT", "/metrics/job/a"],
      ["POST", "/metrics/job/a"],
      ["DELETE", "/metrics/job/a"],
      ["POST", "/-/reload"],
      ["PUT", "/api/v1/admin/wipe"],
      ["PUT", `/api/v1/members/${own.gateways[0].address}/drain`],
    ]
  ) {
    const args = [...RIGHT, ...site, "--request", method];
    assert.match(await ask(asked, `${own.service.url}${path}`, ...args), /^403 /, path);
  }
});

Deno.test("below /api/v1/ these refusals are as docs/openapi.yaml has it, also behind a prefix", async () => {
  const { curl } = await ensureComponents(["curl"]);
  const { problemOf } = await readSpecification();
  await using own = await startWebService({ routePrefix: "/gateway" });
  const site = ["--header", "Sec-Fetch-Site: cross-site", "--request", "PUT"];
  for (
    const [status, args, error] of [
      [401, [], /^Unauthorized$/],
      [403, [...RIGHT, ...site], /another site's page/],
    ] as const
  ) {
    for (const prefix of ["", "/gateway"]) {
      const url = `${own.service.url}${prefix}/api/v1/admin/wipe`;
      const answer = await ask({ curl, ca: own.web.authority.ca }, url, ...args);
      assert(answer.startsWith(`${status} `), answer);
      const failure = JSON.parse(answer.slice(answer.indexOf("{")));
      assert.match(failure.error, error);
      assert.equal(problemOf(failure, ["components", "schemas", "Failure"]), undefined, answer);
    }
  }
});

Deno.test("in mode auto nobody is redirected from TLS, and in mode redirect the log warns", async () => {
  const { curl } = await ensureComponents(["curl"]);
  const push = ["--user-agent", "Wget/1.21", "--request", "PUT", "--data-binary", "m 1\n"];
  for (const [mode, status] of [["auto", 200], ["redirect", 307]] as const) {
    // Without users: credentials alone would keep auto from it.
    await using own = await startWebService({ mode, parts: { users: {} } });
    const url = `${own.service.url}/metrics/job/a`;
    const answer = await ask({ curl, ca: own.web.authority.ca }, url, ...push);
    assert.match(answer, new RegExp(`^${status} `), mode);
    const isWarned = own.service.process.output().includes("protects only this address");
    assert.equal(isWarned, mode === "redirect", mode);
  }
});

Deno.test("plain HTTP on the port of TLS is told so", async () => {
  const { curl } = await ensureComponents(["curl"]);
  await using own = await startWebService();
  const url = own.service.url.replace("https:", "http:");
  const answer = await outputOf(curl.command, ["--silent", "--include", url], curl);
  assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
  assert.match(answer, /\r\nClient sent an HTTP request to an HTTPS server\.\n$/);
});

Deno.test("the problems of both files are told at the start and by check-config", async () => {
  await using own = await startWebService();
  const { directory } = own.web.authority;
  await Deno.writeTextFile(`${directory}/wrong.yml`, "pushgatway: {}\n");
  await own.web.write({ users: { alice: "secret" } });
  const { command, args } = serviceCommand();
  const web = `--web.config.file=${own.web.file}`;
  const problems = [
    `${directory}/wrong.yml:1:1: unknown key "pushgatway", did you mean "pushgateway"?`,
    `${directory}/wrong.yml:1:1: pushgateway.servers: expected at least one server, found none`,
    `${own.web.file}:2:28: basic_auth_users.alice: expected a bcrypt hash, as htpasswd -nBC 10 ` +
    "prints it behind the colon, found something else",
  ];
  const wrong = `${directory}/wrong.yml`;
  for (const flags of [["check-config", web, wrong], [web, "check-config", wrong]]) {
    const { code, stderr } = await run(command, [...args, ...flags]);
    assert.deepEqual([code, stderr.trimEnd().split("\n")], [1, problems]);
  }
  const start = await run(command, [...args, `--config.file=${wrong}`, web]);
  assert.equal(start.code, 1);
  const logged = [...start.stderr.matchAll(/ problem=(".*")$/gm)].map(([, text]) =>
    JSON.parse(text)
  );
  assert.deepEqual(logged, problems);

  await own.web.write();
  const good = await run(command, [...args, "check-config", web, own.service.configFile]);
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /web\.yml is valid: TLS, NoClientCert, users: 1\n$/);
});
