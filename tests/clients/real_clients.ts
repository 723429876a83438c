/** The clients that the matrix runs, and what is known of each. @module */

import { fileURLToPath } from "node:url";
import { type Component, ensureComponents } from "../../tools/components.ts";
import { type Client, libraryArguments, type Push, urlArguments } from "./client.ts";
import { buildWithClientGolang } from "./go_client.ts";
import { findNode } from "./node.ts";
import { installWithPromClient } from "./npm_client.ts";

/** All clients, ready to run. Disposal removes what was installed for them. */
export interface RealClients extends AsyncDisposable {
  readonly clients: readonly Client[];
}

/**
 * Finds, fetches or builds every client.
 *
 * Node alone cannot be fetched. Where there is none, prom-client runs under Deno and Node's fetch
 * is left out; with CI=true that is an error.
 *
 * @throws {Error} when one of them cannot be had
 */
export async function prepareRealClients(): Promise<RealClients> {
  const node = await findNode();
  const components = await ensureComponents([
    "curl",
    "java",
    "perl",
    "python",
    "python-prometheus-client",
    "python-requests",
    "ruby",
    "wget",
  ]);
  const goProgram = await buildWithClientGolang(script("client_golang_push.go"));
  const promClient = await installWithPromClient(script("prom_client_push.mjs"));
  const clients: Client[] = [
    ...commandLineClients(components),
    ...pythonClients(components),
    {
      name: "Go client_golang",
      userAgent: /^Go-http-client\/1\.1$/,
      redirected: "works",
      auto: "redirected",
      command: (push) => ({ command: goProgram, args: libraryArguments(push) }),
    },
    {
      name: node ? "Node.js prom-client" : "prom-client under Deno",
      userAgent: undefined,
      redirected: "works", // it streams, and so is not redirected
      redirectedDelete: "lost",
      auto: "proxied",
      command: (push) => runScript(promClient.path, libraryArguments(push), node),
    },
    ...javaClients(components.java),
    ...scriptClients(components),
    ...fetchClients(node),
  ];
  return {
    clients,
    [Symbol.asyncDispose]: () => promClient[Symbol.asyncDispose](),
  };
}

function script(name: string): string {
  return fileURLToPath(new URL(`scripts/${name}`, import.meta.url));
}

function runScript(path: string, args: readonly string[], node: string | undefined) {
  if (node !== undefined) return { command: node, args: [path, ...args] };
  const flags = ["run", "--quiet", "--allow-all"];
  return { command: Deno.execPath(), args: [...flags, path, ...args] };
}

/** How the Pushgateway's README pushes, with --fail so that every failure that shows counts. */
function curlArguments(push: Push): string[] {
  const [method, url, body] = urlArguments(push);
  const data = body === undefined ? [] : ["--data-binary", body];
  return ["--silent", "--show-error", "--fail", "--request", method, ...data, url];
}

/** The clients that are given all on their command line. */
export function commandLineClients({ curl, wget }: Record<"curl" | "wget", Component>): Client[] {
  return [
    {
      name: "curl",
      userAgent: /^curl\/\d/,
      redirected: "lost",
      auto: "proxied",
      command: (push) => ({ ...curl, args: curlArguments(push) }),
    },
    {
      name: "curl -L",
      userAgent: /^curl\/\d/,
      redirected: "works",
      auto: "proxied",
      command: (push) => ({ ...curl, args: ["--location", ...curlArguments(push)] }),
    },
    {
      // Offers HTTP/2 with each push, as Java's HttpClient does, and takes an answer over HTTP/1.1.
      name: "curl --http2",
      userAgent: /^curl\/\d/,
      redirected: "lost",
      auto: "proxied",
      command: (push) => ({ ...curl, args: ["--http2", ...curlArguments(push)] }),
    },
    {
      name: "curl --http1.0",
      userAgent: /^curl\/\d/,
      redirected: "lost",
      auto: "proxied",
      command: (push) => ({ ...curl, args: ["--http1.0", ...curlArguments(push)] }),
    },
    {
      name: "wget",
      userAgent: /^Wget\/\d/,
      redirected: "works",
      auto: "redirected",
      command(push) {
        const [method, url, body] = urlArguments(push);
        const data = body === undefined ? [] : [`--body-data=${body}`];
        const args = ["--quiet", "--output-document=-", `--method=${method}`, ...data, url];
        return { ...wget, args };
      },
    },
  ];
}

function pythonClients(
  components: Record<"python" | "python-prometheus-client" | "python-requests", Component>,
): Client[] {
  const { python } = components;
  const run = (
    library: "python-prometheus-client" | "python-requests",
    file: string,
    args: readonly string[],
  ) => ({
    command: python.command,
    args: [script(file), ...args],
    env: { ...python.env, ...components[library].env, PYTHONDONTWRITEBYTECODE: "1" },
  });
  return [
    {
      name: "Python prometheus_client",
      userAgent: /^Python-urllib\/3\./,
      redirected: "error",
      auto: "proxied",
      command: (push) =>
        run("python-prometheus-client", "prometheus_client_push.py", libraryArguments(push)),
    },
    {
      // Redirected, it would push nothing to the owner, and report a success.
      name: "Python requests, streaming",
      userAgent: /^python-requests\/\d/,
      redirected: "works",
      auto: "proxied",
      command: (push) => run("python-requests", "requests_stream_push.py", urlArguments(push)),
    },
  ];
}

function javaClients(java: Component): Client[] {
  const run = (name: string, ...properties: string[]) => (push: Push) => ({
    ...java,
    // Less time goes into compiling what runs once.
    args: ["-XX:TieredStopAtLevel=1", ...properties, script(name), ...urlArguments(push)],
  });
  return [
    {
      name: "Java HttpClient",
      userAgent: /^Java-http-client\/\d/,
      redirected: "answers 307",
      auto: "proxied",
      command: run("HttpClientPush.java"),
    },
    {
      name: "Java HttpClient, HTTP/1.1",
      userAgent: /^Java-http-client\/\d/,
      redirected: "answers 307",
      auto: "proxied",
      command: run("HttpClientPush.java", "-Dhttp1=true"),
    },
    {
      name: "Java HttpURLConnection",
      userAgent: /^Java\/\d/,
      redirected: "works",
      auto: "proxied",
      command: run("UrlConnectionPush.java"),
    },
  ];
}

function scriptClients({ perl, ruby }: Record<"perl" | "ruby", Component>): Client[] {
  return [
    {
      name: "Perl HTTP::Tiny",
      userAgent: /^HTTP-Tiny\/\d/,
      redirected: "answers 307",
      auto: "proxied",
      command: (push) => ({ ...perl, args: [script("http_tiny_push.pl"), ...urlArguments(push)] }),
    },
    {
      name: "Ruby Net::HTTP",
      userAgent: /^Ruby$/,
      redirected: "answers 307",
      auto: "proxied",
      command: (push) => ({
        ...ruby,
        args: ["--disable-gems", script("net_http_push.rb"), ...urlArguments(push)],
      }),
    },
  ];
}

function fetchClients(node: string | undefined): Client[] {
  const file = script("fetch_push.mjs");
  const deno: Client = {
    name: "Deno fetch",
    userAgent: /^Deno\/\d/,
    redirected: "works",
    auto: "redirected",
    command: (push) => runScript(file, urlArguments(push), undefined),
  };
  if (node === undefined) return [deno];
  return [deno, {
    name: "Node.js fetch",
    userAgent: /^node$/,
    redirected: "works",
    auto: "proxied",
    command: (push) => runScript(file, urlArguments(push), node),
  }];
}
