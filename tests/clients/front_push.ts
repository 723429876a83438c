/** Pushes by curl through a front, of every kind that a front may treat in its own way. @module */

import { gzipSync } from "node:zlib";
import { outputOf } from "../../tools/command.ts";
import type { Component } from "../../tools/components.ts";
import { temporaryDirectory } from "../../tools/server.ts";
import type { Method } from "./client.ts";
import type { Front } from "./fronts.ts";

/** A kind of push. */
export interface PushKind {
  readonly name: string;
  readonly methods: readonly Method[];
  /** Whether it brings a gauge `pushed` of 2. */
  readonly brings: boolean;
  /** Whether curl sends it in chunks. What a front makes of them depends on the front. */
  readonly streams?: true;
  /** What curl is told. */
  readonly args: readonly string[];
}

/** Files of what is pushed. Disposal removes them. */
export interface PushKinds extends AsyncDisposable {
  readonly kinds: readonly PushKind[];
  /** What curl is told to send more than `proxy.body_size_limit` allows. */
  readonly tooLarge: readonly string[];
}

const SAMPLE = "# TYPE pushed gauge\npushed 2\n";
const LARGE_BYTES = 2_000_000;
const TOO_LARGE_BYTES = 17_000_000;
const CHUNKED = ["--header", "Transfer-Encoding: chunked"];
const EXPECT = ["--header", "Expect: 100-continue"];
const PUSHES = ["PUT", "POST"] as const;

/** Writes the files. */
export async function preparePushKinds(): Promise<PushKinds> {
  const directory = await temporaryDirectory("dynamic-sharding-bodies");
  const bodies = {
    text: new TextEncoder().encode(SAMPLE),
    packed: gzipSync(SAMPLE),
    large: largeBody(LARGE_BYTES),
    tooLarge: largeBody(TOO_LARGE_BYTES),
  };
  const data = (name: keyof typeof bodies) => ["--data-binary", `@${directory.path}/${name}`];
  for (const [name, bytes] of Object.entries(bodies)) {
    await Deno.writeFile(`${directory.path}/${name}`, bytes);
  }
  const gzip = ["--header", "Content-Encoding: gzip", ...data("packed")];
  const push = { methods: PUSHES, brings: true } as const;
  const streamed = { ...push, streams: true } as const;
  const kinds: PushKind[] = [
    { name: "a body with a length", ...push, args: data("text") },
    { name: "a body in chunks", ...streamed, args: [...CHUNKED, ...data("text")] },
    { name: "a packed body", ...push, args: gzip },
    { name: "a packed body in chunks", ...streamed, args: [...CHUNKED, ...gzip] },
    { name: "2 MB", ...push, args: data("large") },
    { name: "2 MB in chunks", ...streamed, args: [...CHUNKED, ...data("large")] },
    { name: "2 MB after 100 Continue", ...push, args: [...EXPECT, ...data("large")] },
    { name: "an empty body", methods: PUSHES, brings: false, args: ["--data-binary", ""] },
    { name: "no body", methods: [...PUSHES, "DELETE"], brings: false, args: [] },
    { name: "a body nonetheless", methods: ["DELETE"], brings: false, args: data("text") },
  ];
  const tooLarge = [...CHUNKED, ...data("tooLarge")];
  return { kinds, tooLarge, [Symbol.asyncDispose]: directory.remove };
}

/** What is pushed stands at the end. */
function largeBody(bytes: number): Uint8Array {
  return new TextEncoder().encode(`# ${"x".repeat(97)}\n`.repeat(bytes / 100) + SAMPLE);
}

/** Pushes once by curl, which follows a redirect, and returns the status of the last answer. */
export async function pushThrough(
  { address, ca }: Pick<Front, "address" | "ca">,
  { curl, method, path, args = [] }: {
    readonly curl: Component;
    readonly method: Method;
    readonly path: string;
    readonly args?: readonly string[];
  },
): Promise<string> {
  return await outputOf(curl.command, [
    ...["--silent", "--show-error", "--location", "--path-as-is", "--globoff"],
    ...["--noproxy", "*", "--output", "/dev/null", "--write-out", "%{http_code}"],
    // One that auto redirects.
    ...["--user-agent", "Wget/1.21.3", "--request", method],
    ...(ca === undefined ? [] : ["--cacert", ca]),
    ...args,
    `${ca === undefined ? "http" : "https"}://${address}${path}`,
  ], { env: curl.env });
}
