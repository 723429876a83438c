/** A restart without a gap: the next process takes the address before the last one lets go of it. */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { outputOf, run } from "../../tools/command.ts";
import type { Pushed } from "./steady_client.ts";

/** Sets it for a network of its own, whose one device is up then. */
const MIGRATING = 'ip link set lo up && echo 1 > /proc/sys/net/ipv4/tcp_migrate_req && exec "$@"';
const IN_A_NETWORK = ["--net", "sh", "-c", MIGRATING, "sh"];
const PUSHES = fileURLToPath(new URL("restart_pushes.ts", import.meta.url));
const MS_MAX = 120_000;

async function canMakeNetworks(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  try {
    return (await run("unshare", [...IN_A_NETWORK, "true"])).code === 0;
  } catch {
    return false;
  }
}

const WAYS: readonly [way: string, pushesMin: number][] = [["plain", 600], ["tls", 90]];
for (const [way, pushesMin] of WAYS) {
  // It takes root, and a Linux from 5.14 on.
  Deno.test(`steady pushes through ten restarts (${way}): none fails`, {
    ignore: !await canMakeNetworks(),
  }, async () => {
    const deno = [Deno.execPath(), "run", "--quiet", "-A", PUSHES, "10", way];
    const out = await outputOf("unshare", [...IN_A_NETWORK, ...deno], { msMax: MS_MAX });
    const { pushes, failures, codes } = JSON.parse(out) as Pushed & { readonly codes: number[] };
    assert.deepEqual(failures, []);
    assert.deepEqual(codes, codes.map(() => 0));
    assert(codes.length === 10 && pushes > pushesMin, `${codes.length} restarts, ${pushes} pushes`);
  });
}
