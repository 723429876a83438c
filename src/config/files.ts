/** Files that a configuration is made of: read whole, or said why not. @module */

import { ConfigError } from "./yaml.ts";

/**
 * Reads a file.
 *
 * @throws {ConfigError} where it cannot be read
 */
export async function readText(file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (cause) {
    throw new ConfigError([`${file}: ${readFailure(cause)}`], { cause });
  }
}

/** Why a file could not be read, in words. */
export function readFailure(cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) return "expected a file, found none";
  if (cause instanceof Deno.errors.PermissionDenied) {
    return "expected a readable file, found no permission";
  }
  if (cause instanceof Deno.errors.IsADirectory) return "expected a file, found a directory";
  return `expected a readable file, found: ${cause instanceof Error ? cause.message : cause}`;
}
