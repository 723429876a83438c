/** A systemd of its own, to try the unit in. @module */

import { fileURLToPath } from "node:url";
import { type Finished, run } from "../../tools/command.ts";
import { startProcess } from "../../tools/process.ts";
import { waitFor } from "../../tools/wait.ts";

/** What it is booted with. */
export interface MachineOptions {
  /** The program. */
  readonly program: string;
  /** Text by file name. */
  readonly units: Readonly<Record<string, string>>;
  readonly config: string;
}

/** A running systemd; disposal ends it with all that it has started. */
export interface Machine extends AsyncDisposable {
  /** Runs a program inside. */
  run(command: string, ...args: string[]): Promise<Finished>;
  /** A property of a unit, as `systemctl show` tells it. */
  property(unit: string, name: string): Promise<string>;
  /** Writes the service's configuration anew. */
  configure(config: string): Promise<void>;
}

const BOOT = fileURLToPath(new URL("boot.sh", import.meta.url));
const SYSTEMD = "/lib/systemd/systemd";
const UNIT_NAMES = ["sysinit", "basic", "nothing", "network-online", "shutdown"];
/** What others hang on must not bring along what sets a machine up. */
const EMPTY = "[Unit]\nDescription=nothing to do\nDefaultDependencies=no\n";

/** Whether one can be booted here: as root, where namespaces may be made, with systemd. */
export async function canBoot(): Promise<boolean> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return false;
  try {
    await Deno.stat(SYSTEMD);
    const { code } = await run("unshare", ["--mount", "--pid", "--cgroup", "--fork", "true"]);
    return code === 0;
  } catch {
    return false;
  }
}

/** Its control groups are empty soon after it has ended. */
async function removeGroups(): Promise<void> {
  const within = ["/sys/fs/cgroup", "-maxdepth", "2", "-name", "dynamic-sharding-*"];
  const areGone = async () => {
    const { stdout } = await run("find", within);
    for (const group of stdout.split("\n").filter((line) => line !== "")) {
      await run("find", [group, "-depth", "-type", "d", "-delete"]);
    }
    return stdout === "";
  };
  await waitFor(areGone, { what: "the control groups to be gone" });
}

/** Boots one. */
export async function bootMachine({ program, units, config }: MachineOptions): Promise<Machine> {
  await using stack = new AsyncDisposableStack();
  const directory = await Deno.makeTempDir({ prefix: "machine-" });
  stack.defer(() => Deno.remove(directory, { recursive: true }));
  await Deno.chmod(directory, 0o755);
  for (const name of ["units", "etc", "bin"]) await Deno.mkdir(`${directory}/${name}`);
  const configure = (config: string) =>
    Deno.writeTextFile(`${directory}/etc/dynamic-sharding.yml`, config);
  await configure(config);
  await Deno.copyFile(program, `${directory}/bin/dynamic-sharding`);
  const targets = Object.fromEntries(UNIT_NAMES.map((name) => [`${name}.target`, EMPTY]));
  for (const [name, text] of Object.entries({ ...targets, ...units })) {
    await Deno.writeTextFile(`${directory}/units/${name}`, text);
  }
  stack.defer(removeGroups);
  let parent = 0;

  async function runInside(command: string, ...args: string[]): Promise<Finished> {
    // The one child of `unshare` is the first process inside.
    const init = (await Deno.readTextFile(`/proc/${parent}/task/${parent}/children`)).trim();
    const namespaces = ["--mount", "--pid", "--cgroup", "--uts", "--ipc"];
    return await run("nsenter", [`--target=${init}`, ...namespaces, command, ...args]);
  }

  const process = stack.use(
    await startProcess("unshare", {
      name: "systemd",
      args: ["--mount", BOOT, directory],
      stopMsMax: 100, // it does not heed SIGTERM; what it has started ends with it
    }),
  );
  parent = process.pid;
  await waitFor(
    async () => (await runInside("systemctl", "is-active", "nothing.target")).code === 0,
    { what: "systemd to be ready" },
  ).catch((error) => {
    throw new Error(`systemd did not boot; its output ended:\n${process.output()}`, {
      cause: error,
    });
  });
  const kept = stack.move();
  return {
    run: runInside,
    async property(unit, name) {
      return (await runInside("systemctl", "show", unit, `--property=${name}`, "--value")).stdout
        .trim();
    },
    configure,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
