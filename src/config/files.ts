/** Finds and reads the files of a configuration. @module */

import { dirname, isAbsolute, resolve } from "node:path";
import { ConfigError } from "./yaml.ts";

/** Reads an environment variable. */
export type Environment = (name: string) => string | undefined;

/** The prefix for a service's secrets from systemd. Each unit has its own directory. */
const CREDENTIAL = "${CREDENTIALS_DIRECTORY}/";

/**
 * Creates a function that finds a file named by a configuration file: relative to that file, or, with the
 * prefix `${CREDENTIALS_DIRECTORY}/`, in systemd's directory. Without such a directory the name is not
 * changed.
 */
export function locator(configFile: string, env: Environment): (name: string) => string {
  return (name) => {
    if (!isCredential(name)) return isAbsolute(name) ? name : resolve(dirname(configFile), name);
    const directory = env("CREDENTIALS_DIRECTORY");
    return directory ? `${directory}/${name.slice(CREDENTIAL.length)}` : name;
  };
}

/**
 * Returns the environment without the service's secrets, for processes other than the service: systemd 252
 * hides them from ExecReload, too.
 */
export function withoutCredentials(env: Environment): Environment {
  return (name) => name === "CREDENTIALS_DIRECTORY" ? undefined : env(name);
}

/** Whether only the service can find the file. */
export function isCredential(file: string): boolean {
  return file.startsWith(CREDENTIAL);
}

/**
 * Reads a file.
 *
 * @throws {ConfigError} if it cannot be read
 */
export async function readText(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (cause) {
    throw new ConfigError([`${file}: ${readFailure(cause)}`], { cause });
  }
}

/**
 * Reads a file that a configuration names.
 *
 * @param problemOf returns what is wrong with the text; `undefined` if it is valid
 * @returns the text, or the problem
 */
export async function readNamed(
  file: string,
  problemOf: (text: string) => string | undefined = () => undefined,
): Promise<{ readonly text: string } | { readonly problem: string }> {
  if (isCredential(file)) {
    const problem =
      "expected CREDENTIALS_DIRECTORY, which a unit's LoadCredential= sets, found none";
    return { problem };
  }
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (cause) {
    return { problem: readFailure(cause) };
  }
  const problem = problemOf(text);
  return problem === undefined ? { text } : { problem };
}

/**
 * Waits for two files to be loaded.
 *
 * @throws {ConfigError} with the problems of both
 */
export async function together<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  const [one, other] = await Promise.allSettled([first, second]);
  if (one.status === "fulfilled" && other.status === "fulfilled") return [one.value, other.value];
  const causes = [one, other].flatMap((each) => each.status === "rejected" ? [each.reason] : []);
  const fault = causes.find((cause) => !(cause instanceof ConfigError));
  throw fault ?? new ConfigError(causes.flatMap(({ problems }: ConfigError) => problems));
}

/** Returns why a file could not be read, in words. */
export function readFailure(cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) return "expected a file, found none";
  if (cause instanceof Deno.errors.PermissionDenied) {
    return "expected a readable file, found no permission";
  }
  if (cause instanceof Deno.errors.IsADirectory) return "expected a file, found a directory";
  return `expected a readable file, found: ${cause instanceof Error ? cause.message : cause}`;
}
