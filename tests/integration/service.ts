/**
 * The service as an operator runs it: a process of its own, from source, or the compiled binary that
 * DYNAMIC_SHARDING_BINARY names.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { startFlags } from "../../tools/permissions.ts";
import { type Process, startProcess } from "../../tools/process.ts";
import { compiledProgram, type Program } from "../../tools/program.ts";
import { targetsOf } from "../../tools/targets.ts";
import { waitFor, type WaitOptions } from "../../tools/wait.ts";

/** How to start it. */
export interface ServiceOptions {
  /** The text of the configuration file. */
  readonly config: string;
  /** The last of a kind wins, also over the free port: `--web.listen-address=127.0.0.1:PORT`. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Another program than that of this repository. */
  readonly program?: Program;
  /** Files beside the configuration file, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Told all that it logs, as it comes: the process keeps the end only. */
  readonly onOutput?: (text: string) => void;
  /** How it is asked where it has a web configuration. */
  readonly asked?: {
    /** Over TLS, by certificates of this authority. */
    readonly caCert?: string;
    /** With this header. */
    readonly authorization?: string;
  };
}

/** A running service. Disposal stops it and removes its files. */
export interface Service extends AsyncDisposable {
  readonly url: string;
  readonly process: Process;
  readonly configFile: string;
  /** Writes the configuration file anew; nothing is reloaded by that. */
  configure(text: string): Promise<void>;
  /** Status and text of a request. */
  get(
    path: string,
    init?: RequestInit,
  ): Promise<{ status: number; text: string; headers: Headers }>;
  /** The members of the ring, as `/sd` lists them. */
  members(): Promise<string[]>;
  /** Waits until the ring has just these members. */
  waitForMembers(members: readonly string[], msMax?: number): Promise<void>;
  /** Waits until `/-/ready` answers 200. */
  waitUntilReady(): Promise<void>;
  /** Waits until the ring has so many members, which need not be active. */
  waitForRing(size: number): Promise<void>;
  /** Waits until so many members are active, and no more. */
  waitForActive(number: number): Promise<void>;
  /** Waits until the log has a line with these words. */
  waitForLog(words: string): Promise<void>;
  /**
   * Pushes as a client that follows a 307, and answers the status and the member that took it: the
   * owner, where the service has passed the push on itself.
   */
  push(path: string, body: string, method?: string): Promise<{ status: number; member: string }>;
  /** The member that a push would go to. */
  ownerOf(path: string): Promise<string>;
  /** The value of one metric of the service. */
  metric(nameAndLabels: string): Promise<number | undefined>;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const RUN = ["run", "--quiet", ...startFlags(), `${root}main.ts`];
const MEMBERS_MS_MAX = 15_000;

/** The service as a program: program and first arguments. */
export function serviceCommand(): Program {
  const binary = Deno.env.get("DYNAMIC_SHARDING_BINARY");
  return binary ? compiledProgram(binary) : { command: Deno.execPath(), args: RUN };
}

/** Starts the service on a free port and waits until it listens. */
export async function startService(options: ServiceOptions): Promise<Service> {
  const directory = await Deno.makeTempDir({ prefix: "dynamic-sharding-" });
  const file = `${directory}/dynamic-sharding.yml`;
  const configure = (text: string) => Deno.writeTextFile(file, text);
  await configure(options.config);
  for (const [name, text] of Object.entries(options.files ?? {})) {
    await Deno.writeTextFile(`${directory}/${name}`, text);
  }
  const remove = () => Deno.remove(directory, { recursive: true });
  const { command, args, cwd } = options.program ?? serviceCommand();
  const flags = ["--web.listen-address=127.0.0.1:0", ...options.flags ?? []];
  const { caCert, authorization } = options.asked ?? {};
  let url = "";
  let process: Process;
  try {
    process = await startProcess(command, {
      name: "dynamic-sharding",
      args: [...args, `--config.file=${file}`, ...flags],
      ...(cwd !== undefined && { cwd }),
      env: { ...options.env },
      onOutput: options.onOutput,
      ready({ output }) {
        const address = /msg=listening address=(\S+)/.exec(output)?.[1];
        url = `${caCert === undefined ? "http" : "https"}://${address}`;
        return address !== undefined;
      },
    });
  } catch (error) {
    await remove();
    throw error;
  }

  const client = caCert === undefined ? undefined : Deno.createHttpClient({ caCerts: [caCert] });
  const get = async (path: string, init?: RequestInit) => {
    const headers = new Headers(init?.headers);
    if (authorization !== undefined) headers.set("authorization", authorization);
    const own = { redirect: "manual", ...init, headers, client } as const;
    const response = await fetch(`${url}${path}`, own);
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  const members = async () => {
    const { status, text } = await get("/sd");
    return status === 200 ? targetsOf(text) : [];
  };
  const metric = async (nameAndLabels: string) => {
    const { text } = await get("/metrics");
    const line = text.split("\n").find((line) => line.startsWith(`${nameAndLabels} `));
    return line === undefined ? undefined : Number(line.slice(nameAndLabels.length + 1));
  };
  const ownerOf = async (path: string) => {
    const { text } = await get(path, { headers: { accept: "application/json" } });
    return (JSON.parse(text) as { owner: string }).owner;
  };
  /** As `waitFor`; what the service has logged is told where it waits in vain. */
  const wait = async (check: () => boolean | Promise<boolean>, options: WaitOptions) => {
    try {
      await waitFor(check, options);
    } catch (cause) {
      throw new Error(`${(cause as Error).message}; the log:\n${process.output()}`, { cause });
    }
  };
  return {
    url,
    process,
    configFile: file,
    configure,
    get,
    members,
    async waitForMembers(expected, msMax = MEMBERS_MS_MAX) {
      const wanted = [...expected].sort().join(" ");
      await wait(async () => (await members()).join(" ") === wanted, {
        what: `the ring to be made of ${wanted || "nobody"}`,
        msMax,
      });
    },
    async waitUntilReady() {
      await wait(async () => (await get("/-/ready")).status === 200, {
        what: "the service to be ready",
      });
    },
    async waitForLog(words) {
      await wait(() => process.output().includes(words), { what: `a log line with: ${words}` });
    },
    async waitForRing(size) {
      await wait(async () => await metric("dynamic_sharding_ring_members") === size, {
        what: `a ring of ${size} members`,
      });
    },
    async waitForActive(number) {
      const name = 'dynamic_sharding_members{state="active"}';
      await wait(async () => await metric(name) === number, { what: `${number} active members` });
    },
    async push(path, body, method = "PUT") {
      const sent = { method, ...(body !== "" && { body }) };
      const { status, headers, text } = await get(path, sent);
      const location = headers.get("location");
      if (status < 300) return { status, member: await ownerOf(path) };
      if (status !== 307 || location === null) {
        throw new Error(`expected a 307, found ${status}: ${text}`);
      }
      const answer = await fetch(location, { ...sent, redirect: "manual" });
      await answer.body?.cancel();
      return { status: answer.status, member: new URL(location).host };
    },
    ownerOf,
    metric,
    async [Symbol.asyncDispose]() {
      await process[Symbol.asyncDispose]();
      client?.close();
      await remove();
    },
  };
}
