/** A program that runs to its end, within a time limit. @module */

/** What a finished program left. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run it. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** `env` is all there is. */
  readonly clearEnv?: boolean;
  readonly cwd?: string;
  readonly msMax?: number;
}

const RUN_MS_MAX = 60_000;

/**
 * Runs a program and waits for its end.
 *
 * @throws {Error} when there is no such program, or it takes too long (it is killed then)
 */
export async function run(
  command: string,
  args: readonly string[],
  { env, clearEnv, cwd, msMax = RUN_MS_MAX }: RunOptions = {},
): Promise<Finished> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), msMax);
  try {
    const child = new Deno.Command(command, {
      args: [...args],
      env: { LC_ALL: "C", ...env },
      clearEnv,
      cwd,
      stdin: "null",
      signal: deadline.signal,
    });
    const { code, stdout, stderr } = await child.output();
    if (deadline.signal.aborted) throw new Error(`${command} took more than ${msMax} ms`);
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`expected the program ${command} on the PATH, found none`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Runs a program and returns its standard output.
 *
 * @throws {Error} as `run`, and with the end of its error output when it does not exit with 0
 */
export async function outputOf(
  command: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<string> {
  const { code, stdout, stderr } = await run(command, args, options);
  if (code === 0) return stdout;
  const lines = stderr.trim().split("\n").slice(-3).join(" ");
  throw new Error(`${command} ${args.join(" ")}: exit code ${code}: ${lines}`);
}
