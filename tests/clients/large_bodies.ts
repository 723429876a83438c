/** Large pushes by clients that follow a 307, again and again. @module */

import { fileURLToPath } from "node:url";
import { outputOf, run } from "../../tools/command.ts";
import { type Component, ensureComponents } from "../../tools/components.ts";
import { buildWithClientGolang } from "./go_client.ts";

/** The sizes of what is pushed, in bytes. */
export const LARGE_SIZES = [0, 10_000, 100_000, 1_000_000, 3_000_000];

/** Many pushes of one size. */
export interface LargePushes {
  /** `HOST:PORT` of what the client takes for a Pushgateway. */
  readonly address: string;
  readonly job: string;
  readonly bytes: number;
  readonly tries: number;
}

/** A client that pushes, and how. */
export interface LargeClient {
  readonly name: "client_golang" | "wget";
  /** Pushes one after the other, and tells of those that failed. */
  push(pushes: LargePushes): Promise<string[]>;
}

const RUN_MS_MAX = 120_000;

/** Finds, fetches or builds the clients. */
export async function prepareLargeClients(): Promise<LargeClient[]> {
  const source = new URL("scripts/client_golang_push.go", import.meta.url);
  const program = await buildWithClientGolang(fileURLToPath(source));
  const { wget } = await ensureComponents(["wget"]);
  return [
    { name: "client_golang", push: (pushes) => pushWithGo(program, pushes) },
    { name: "wget", push: (pushes) => pushWithWget(wget, pushes) },
  ];
}

/** One process makes all of them. It tells how many failed, and why the first did. */
async function pushWithGo(
  program: string,
  { address, job, bytes, tries }: LargePushes,
): Promise<string[]> {
  const args = ["LARGE", address, job, `${bytes}`, `${tries}`];
  const text = await outputOf(program, args, { msMax: RUN_MS_MAX });
  return text === "0\n" ? [] : [text];
}

async function pushWithWget(
  wget: Component,
  { address, job, bytes, tries }: LargePushes,
): Promise<string[]> {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, `# ${"x".repeat(97)}\n`.repeat(bytes / 100));
    const url = `http://${address}/metrics/job/${job}`;
    const args = ["--quiet", "--tries=1", "--output-document=-", "--method=PUT"];
    const failures: string[] = [];
    for (let i = 0; i < tries; i++) {
      const { code, stderr } = await run(wget.command, [...args, `--body-file=${file}`, url], {
        env: { ...wget.env, no_proxy: "127.0.0.1" },
        msMax: RUN_MS_MAX,
      });
      if (code !== 0) failures.push(`${code} ${stderr}`);
    }
    return failures;
  } finally {
    await Deno.remove(file);
  }
}
