/** The kinds of clients that are told apart by their requests, and what each does with a 307. @module */

import { headerValue } from "../../wire/headers.ts";
import type { RequestHead } from "../../wire/request_head.ts";

/** A kind of client. docs/redirected-clients.md has the versions that were run. */
export interface ClientKind {
  /** The name in metrics and in the log. */
  readonly name: string;
  /** How its User-Agent begins. */
  readonly agent: string;
  /** A further part of its User-Agent, where others begin alike. */
  readonly with?: string;
  /** The content type that it sends, where other programs have the same User-Agent. */
  readonly contentType?: RegExp;
  /**
   * What becomes of a push with a length:
   *
   * - `follows`: it comes to the owner, whatever the body is given as
   * - `mostly`: it does, or the caller is told that it failed
   * - `loses`: it does not, unless the client has been set up for it; the caller may not notice
   * - `empties`: the client may send it again without its body, which empties the group
   */
  readonly redirected: "follows" | "mostly" | "loses" | "empties";
  /** Whether it may send a body that streams again without its content, and report a success. */
  readonly emptiesStreams?: true;
  /** What makes it follow, where something does. */
  readonly setting?: string;
}

/** Clients without a User-Agent: of most of them nothing is known. */
const NONE: ClientKind = { name: "none", agent: "", redirected: "loses" };
const OTHER: ClientKind = { name: "other", agent: "", redirected: "mostly" };

/** The first that matches counts. */
export const CLIENT_KINDS: readonly ClientKind[] = [
  {
    name: "client_golang",
    agent: "Go-http-client/",
    contentType: /^application\/vnd\.google\.protobuf;(?:.*;)? *encoding=delimited/,
    redirected: "follows",
  },
  {
    // Go returns the 307 to its caller if a body cannot be read twice.
    name: "go",
    agent: "Go-http-client/",
    redirected: "loses",
    setting: "give Go's http.NewRequest a bytes.Reader or a strings.Reader",
  },
  { name: "wget", agent: "Wget/", redirected: "follows" },
  { name: "busybox-wget", agent: "Wget", redirected: "mostly" },
  { name: "deno", agent: "Deno/", redirected: "follows" },
  // -L cannot be seen, and without it curl is silent.
  { name: "curl", agent: "curl/", redirected: "loses", setting: "call curl with -L" },
  { name: "httpie", agent: "HTTPie/", redirected: "loses", setting: "call HTTPie with --follow" },
  { name: "hurl", agent: "hurl/", redirected: "loses", setting: "call Hurl with --location" },
  {
    name: "python-requests",
    agent: "python-requests/",
    redirected: "mostly",
    emptiesStreams: true,
  },
  { name: "python-urllib3", agent: "python-urllib3/", redirected: "mostly", emptiesStreams: true },
  // What Python's prometheus_client pushes with.
  { name: "python-urllib", agent: "Python-urllib/", redirected: "loses" },
  {
    name: "python-httpx",
    agent: "python-httpx/",
    redirected: "loses",
    setting: "give httpx follow_redirects=True",
  },
  {
    name: "python-httplib2",
    agent: "Python-httplib2/",
    redirected: "loses",
    setting: "set follow_all_redirects of httplib2",
  },
  // Before 3.14 with an open file.
  { name: "aiohttp", agent: "Python/", with: " aiohttp/", redirected: "empties" },
  // With an open file.
  { name: "furl", agent: "Furl::HTTP/", redirected: "empties" },
  {
    name: "lwp",
    agent: "libwww-perl/",
    redirected: "loses",
    setting: "add PUT and POST to LWP's requests_redirectable",
  },
  { name: "http-tiny", agent: "HTTP-Tiny/", redirected: "loses" },
  {
    name: "mojolicious",
    agent: "Mojolicious",
    redirected: "loses",
    setting: "set max_redirects of Mojo::UserAgent",
  },
  // Net::HTTP, and HTTParty, which follows.
  { name: "ruby", agent: "Ruby", redirected: "loses", emptiesStreams: true },
  { name: "faraday", agent: "Faraday ", redirected: "loses" },
  // HttpURLConnection follows only if it does not stream.
  { name: "java", agent: "Java/", redirected: "loses" },
  {
    name: "java-http-client",
    agent: "Java-http-client/",
    redirected: "loses",
    setting: "give Java's HttpClient followRedirects(NORMAL)",
  },
  { name: "apache-httpclient", agent: "Apache-HttpClient/", redirected: "loses" },
  { name: "okhttp", agent: "okhttp/", redirected: "loses" },
  { name: "node-fetch", agent: "node-fetch", redirected: "mostly" },
  // Node's own fetch, which fails with bytes in some versions and with a stream in all.
  { name: "node", agent: "node", redirected: "mostly" },
  { name: "undici", agent: "undici", redirected: "mostly" },
  { name: "bun", agent: "Bun/", redirected: "mostly" },
  { name: "axios", agent: "axios/", redirected: "mostly" },
  { name: "got", agent: "got ", redirected: "mostly", emptiesStreams: true },
  { name: "needle", agent: "Needle/", redirected: "loses" },
  { name: "guzzle", agent: "GuzzleHttp/", redirected: "mostly" },
  NONE,
  OTHER,
];

/**
 * Headers of proxies. A client behind a proxy often cannot reach the Pushgateways; and if it streams a body,
 * which it cannot send twice, the proxy may have added a length.
 */
const OF_PROXIES = [
  "via",
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-forwarded-server",
];

/** What the headers of a push tell of its client. Each answer is found when it is first asked for. */
export class PushClient {
  readonly #headers: readonly string[];
  #kind: ClientKind | undefined;
  #encoding: string | undefined;
  #isForwarded: boolean | undefined;
  #canMove: boolean | undefined;

  constructor(headers: readonly string[]) {
    this.#headers = headers;
  }

  get kind(): ClientKind {
    return this.#kind ??= clientKindOf(this.#headers);
  }

  get agent(): string {
    return headerValue(this.#headers, "user-agent") ?? "";
  }

  /** How the body is packed: its Content-Encoding, or nothing. */
  get encoding(): string {
    return this.#encoding ??= headerValue(this.#headers, "content-encoding") ?? "";
  }

  /** Whether the push can be sent to another host: it has a length, and no credentials. */
  get canMove(): boolean {
    return this.#canMove ??= this.#has("content-length") && !this.#has("authorization");
  }

  /**
   * Whether the push came through another proxy. Over HTTP/1.0 it did: none of the known clients speaks it, but
   * nginx does before 1.29.7, and adds no header.
   */
  cameThroughProxy(version: RequestHead["version"]): boolean {
    return version === "1.0" ||
      (this.#isForwarded ??= OF_PROXIES.some((name) => this.#has(name)));
  }

  #has(name: string): boolean {
    return headerValue(this.#headers, name) !== undefined;
  }
}

/** By the list of headers: the list of a client is the same in all of its pushes. */
const known = new WeakMap<readonly string[], PushClient>();

/** Tells the client that has sent these headers. */
export function pushClientOf(headers: readonly string[]): PushClient {
  let client = known.get(headers);
  if (!client) known.set(headers, client = new PushClient(headers));
  return client;
}

/** Tells the kind of client that has sent these headers. */
export function clientKindOf(headers: readonly string[]): ClientKind {
  const agent = headerValue(headers, "user-agent");
  if (agent === undefined || agent === "") return NONE;
  return CLIENT_KINDS.find((kind) =>
    kind.agent !== "" && agent.startsWith(kind.agent) &&
    (kind.with === undefined || agent.includes(kind.with)) &&
    (kind.contentType?.test(headerValue(headers, "content-type") ?? "") ?? true)
  ) ?? OTHER;
}
