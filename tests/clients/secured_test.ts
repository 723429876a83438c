/** Real clients push over TLS with a user, as they would to a Pushgateway that has the same file. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { outputOf } from "../../tools/command.ts";
import { type Component, ensureComponents } from "../../tools/components.ts";
import type { Pushgateway } from "../../tools/pushgateway.ts";
import { request } from "../../tools/server.ts";
import { startWebService } from "../tls/web_service.ts";
import { type Command, libraryArguments, type Method, pathOf, type Push } from "./client.ts";
import { buildWithClientGolang } from "./go_client.ts";

const METHODS: readonly Method[] = ["PUT", "POST", "DELETE"];
const MODES = ["auto", "proxy"] as const;
const [USER, PASSWORD] = ["alice", "wonder"];

/** A client that is told a user, a password, and whom to trust. */
interface SecuredClient {
  readonly name: string;
  command(push: Push, ca: string): Command;
}

function script(name: string): string {
  return fileURLToPath(new URL(`scripts/${name}`, import.meta.url));
}

function urlOf({ address, group }: Push): string {
  return `https://${address}${pathOf(group)}`;
}

function bodyOf({ method, metric, value }: Push): string[] {
  return method === "DELETE" ? [] : [`# TYPE ${metric} gauge\n${metric} ${value}\n`];
}

async function prepareClients(): Promise<readonly SecuredClient[]> {
  const components = await ensureComponents([
    "curl",
    "python",
    "python-prometheus-client",
    "python-requests",
    "wget",
  ]);
  const { curl, python, wget } = components;
  const goProgram = await buildWithClientGolang(script("client_golang_push.go"));
  const user = [USER, PASSWORD];
  const runPython = (library: "python-prometheus-client" | "python-requests", ca: string) => ({
    ...python.env,
    ...components[library].env,
    PYTHONDONTWRITEBYTECODE: "1",
    SSL_CERT_FILE: ca,
    REQUESTS_CA_BUNDLE: ca,
  });
  return [
    curlClient(curl, "curl"),
    curlClient(curl, "curl --http1.0", "--http1.0"),
    {
      // Asks without the password first, and again when it is challenged.
      name: "wget",
      command(push, ca) {
        const how = ["--quiet", "--output-document=-", `--ca-certificate=${ca}`];
        const who = [`--user=${USER}`, `--password=${PASSWORD}`, `--method=${push.method}`];
        const data = bodyOf(push).map((body) => `--body-data=${body}`);
        return { ...wget, args: [...how, ...who, ...data, urlOf(push)] };
      },
    },
    {
      name: "Python prometheus_client",
      command: (push, ca) => ({
        command: python.command,
        args: [script("prometheus_client_push.py"), ...libraryArguments(push), ...user],
        env: runPython("python-prometheus-client", ca),
      }),
    },
    {
      name: "Python requests",
      command: (push, ca) => ({
        command: python.command,
        args: [script("requests_push.py"), push.method, urlOf(push), ...user, ...bodyOf(push)],
        env: runPython("python-requests", ca),
      }),
    },
    {
      name: "Go client_golang",
      command: (push, ca) => ({
        command: goProgram,
        args: [...libraryArguments(push), ...user],
        env: { SSL_CERT_FILE: ca },
      }),
    },
  ];
}

function curlClient(curl: Component, name: string, ...flags: string[]): SecuredClient {
  return {
    name,
    command(push, ca) {
      const how = ["--silent", "--show-error", "--fail", "--cacert", ca, ...flags];
      const who = ["--user", `${USER}:${PASSWORD}`, "--request", push.method];
      const data = bodyOf(push).flatMap((body) => ["--data-binary", body]);
      return { ...curl, args: [...how, ...who, ...data, urlOf(push)] };
    },
  };
}

/** The value that a Pushgateway holds of a gauge of a group; absent where it has no such group. */
async function heldBy(gateway: Pushgateway, { group, metric }: Push): Promise<string | undefined> {
  const { text } = await request(`${gateway.url}/metrics`);
  const labels = `{instance="${group.instance}",job="${group.job}"}`;
  return text.split("\n").find((line) => line.startsWith(`${metric}${labels} `))?.split(" ")[1];
}

Deno.test("real clients push, add and delete over TLS with a user", async (t) => {
  const clients = await prepareClients();
  for (const mode of MODES) {
    await using own = await startWebService({ mode, gateways: 2 });
    const address = new URL(own.service.url).host.replace("127.0.0.1", "localhost");
    for (const { name, command } of clients) {
      for (const method of METHODS) {
        await t.step(`in mode ${mode} a ${method} by ${name}`, async () => {
          const job = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
          const group = { job, instance: method };
          const push = { method, address, group, metric: "pushed", value: 2 };
          const seeded = await own.service.push(pathOf(group), "# TYPE pushed gauge\npushed 1\n");
          const owner = own.gateways.find((gateway) => gateway.address === seeded.member);
          assert(owner);
          const { command: program, args, env } = command(push, own.web.authority.ca);
          const noProxy = { no_proxy: "localhost", NO_PROXY: "localhost" };
          await outputOf(program, args, { env: { ...noProxy, ...env } });
          const held = await heldBy(owner, push);
          assert.equal(held, method === "DELETE" ? undefined : "2");
        });
      }
    }
    const { text } = await own.service.get("/metrics");
    assert.doesNotMatch(
      text,
      /http_requests_total\{[^}]*code="307"[^}]*\} [^0]/,
      "nobody was redirected",
    );
  }
});
