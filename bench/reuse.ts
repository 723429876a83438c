/**
 * What a second process on the same address adds (`--web.reuse-port`), in redirecting pushes and in passing
 * them on: as fast as one thread of wrk asks, and then at half of the rate that one process reached. The
 * client, the processes and the members share the machine's cores: a core more for one is one less for
 * the others.
 *
 * @module
 */

import { type Component, ensureComponents } from "../tools/components.ts";
import { freePort, freePorts } from "../tools/ports.ts";
import type { LoadOptions } from "./load.ts";
import { startStubs } from "./proxy_targets.ts";
import { type Round, takeRounds, takeSample, WARM_UP_SECONDS } from "./sample.ts";
import { startService } from "./service.ts";
import { MEMBERS, type Target } from "./targets.ts";

/** How many processes listen on one address. */
export const SHARERS = ["one", "two"] as const;
type SharersName = (typeof SHARERS)[number];

/** What was measured, by round. */
interface ModeResult {
  readonly peak: readonly Round<SharersName>[];
  /** At half of the requests a second that one process answered at its peak. */
  readonly half: readonly Round<SharersName>[];
}

/** What was measured, by what is done with a push. */
export type ReuseResult = Readonly<Record<"redirect" | "proxy", ModeResult>>;

/** Without Consul an address is shared only where nothing is moved. */
const CONFIG = "handoff: {enabled: false}\n";
const FLAGS = ["--web.reuse-port"];

/**
 * Starts one process and two, loads them in turn, and stops them.
 *
 * @throws {Error} where a process does not start or does not answer; the signal's reason
 */
export async function runReuse(options: LoadOptions): Promise<ReuseResult> {
  const { wrk, nginx } = await ensureComponents(["wrk", "nginx"]);
  options.signal.throwIfAborted();
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "bench-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  const members = freePorts(MEMBERS).map((port) => `127.0.0.1:${port}`);
  stack.use(await startStubs(nginx, { directory, members }));
  const measure = (mode: "redirect" | "proxy") =>
    measureMode(mode, { ...options, wrk, directory, members });
  return { redirect: await measure("redirect"), proxy: await measure("proxy") };
}

async function measureMode(
  mode: "redirect" | "proxy",
  { directory, members, ...options }: LoadOptions & {
    readonly wrk: Component;
    readonly directory: string;
    readonly members: readonly string[];
  },
): Promise<ModeResult> {
  await using stack = new AsyncDisposableStack();
  const start = async (port: number) => {
    const service = { port, mode, members, directory, config: CONFIG, flags: FLAGS };
    return stack.use(await startService(service));
  };
  const [onePort, twoPort] = [freePort(), freePort()];
  const urlOf = (port: number) => `http://127.0.0.1:${port}`;
  const one = { name: "one", url: urlOf(onePort), process: await start(onePort) } as const;
  const two: Target<SharersName> = {
    name: "two",
    url: urlOf(twoPort),
    process: await start(twoPort),
    beside: [await start(twoPort)],
  };
  const targets = [one, two];
  for (const target of targets) {
    await takeSample(target, { ...options, seconds: WARM_UP_SECONDS });
  }
  const peak = await takeRounds(targets, { ...options, name: `reuse ${mode}` });
  const half = await takeRounds(targets, {
    ...options,
    name: `reuse ${mode} at half`,
    rate: async () => Math.round((await takeSample(one, options)).requestsPerSecond / 2),
  });
  return { peak, half };
}
