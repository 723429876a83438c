/** A password that was meant for the service goes on to nobody. */

import assert from "node:assert/strict";
import { waitFor } from "../../tools/wait.ts";
import { startApp } from "../integration/app.ts";
import { standIn } from "../integration/stand_in.ts";
import { ALICE, HASHES } from "./web_file.ts";

const UPSTREAM = "basic_auth: {username: own, password: secret}";
const OURS = `authorization: Basic ${btoa("own:secret")}`;

const CASES: readonly [
  what: string,
  config: { readonly users: boolean; readonly upstream: string },
  found: readonly string[],
][] = [
  ["without users the client's goes on to the member", { users: false, upstream: "" }, [
    `authorization: ${ALICE}`,
  ]],
  ["with users none goes on", { users: true, upstream: "" }, []],
  ["with users ours takes its place", { users: true, upstream: UPSTREAM }, [OURS]],
];

for (const [what, { users, upstream }, found] of CASES) {
  for (const method of ["PUT", "DELETE"]) {
    Deno.test(`a ${method} with a password: ${what}`, async () => {
      await using member = standIn();
      const webConfigFile = await Deno.makeTempFile({ suffix: ".yml" });
      const web = users ? `basic_auth_users: {alice: "${HASHES.wonder}"}\n` : "{}\n";
      await Deno.writeTextFile(webConfigFile, web);
      const servers = `servers: ["${member.member}"]`;
      const config = `mode: auto\npushgateway: {${
        [servers, upstream].filter(Boolean).join(", ")
      }}\n`;
      await using app = await startApp(config, { webConfigFile });
      const ask = async (path: string, method: string) => {
        const answer = await fetch(`${app.url}${path}`, {
          method,
          headers: { authorization: ALICE },
          ...(method === "PUT" && { body: "m 1\n" }),
        });
        await answer.body?.cancel();
        return answer.status;
      };
      await waitFor(async () => await ask("/-/ready", "GET") === 200, { what: "it to be ready" });
      await waitFor(async () => await ask("/metrics/job/a", method) === 200, { what: "a push" });
      const fields = member.pushes[0].split("\r\n").filter((line) => /^authorization:/i.test(line));
      assert.deepEqual(fields, found);
      await Deno.remove(webConfigFile);
    });
  }
}

Deno.test("a member that asks for a password does not ask the client for it", async () => {
  await using member = standIn((connection) =>
    connection.write(
      "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
    )
  );
  const webConfigFile = await Deno.makeTempFile({ suffix: ".yml" });
  await Deno.writeTextFile(webConfigFile, `basic_auth_users: {alice: "${HASHES.wonder}"}\n`);
  const config = `mode: proxy\npushgateway: {servers: ["${member.member}"]}\n`;
  await using app = await startApp(config, { webConfigFile });
  let [status, challenge] = [0, ""];
  await waitFor(async () => {
    const headers = { authorization: ALICE };
    const init = { method: "PUT", headers, body: "m 1\n" };
    const answer = await fetch(`${app.url}/metrics/job/a`, init);
    await answer.body?.cancel();
    [status, challenge] = [answer.status, answer.headers.get("www-authenticate") ?? ""];
    return status !== 503;
  }, { what: "an answer of the member" });
  assert.deepEqual([status, challenge], [502, ""]);
  await Deno.remove(webConfigFile);
});
