/** Building blocks for the sections of a configuration file. @module */

import { closest, distance } from "fastest-levenshtein";
import * as z from "zod";
import { Secret } from "./secret.ts";
import { show } from "./values.ts";

/** A place in a file: a value, as a path of keys and indices, or a key of it. */
export interface KeyPath {
  readonly path: readonly PropertyKey[];
  /** The key itself in the map at the path, instead of its value. */
  readonly key?: string;
}

/** One problem in the file, and its place. */
export interface Issue extends KeyPath {
  readonly message: string;
  /** The place that it conflicts with, which is appended to the message. */
  readonly other?: KeyPath;
}

/**
 * A scalar that `parse` reads. `parse` throws what it expected and found. An empty value counts as absent.
 */
export function scalar<T>(what: string, parse: (text: string) => T) {
  return string(what)
    .transform((text, context) => text === "" ? undefined : read(text, parse, context))
    .nullish().transform((value) => value ?? undefined);
}

function string(what: string) {
  return z.string({ error: (issue) => `expected ${what}, found ${show(issue.input)}` });
}

function read<T>(text: string, parse: (text: string) => T, context: z.core.$RefinementCtx<string>) {
  try {
    return parse(text);
  } catch (error) {
    context.issues.push({ code: "custom", message: (error as Error).message, input: text });
    return z.NEVER;
  }
}

/** A text, unchanged. */
export const text = (what: string) => scalar(what, String);
/** A text that is never shown. */
export const secret = (what: string) => scalar(what, (value) => new Secret(value));

/**
 * Describes what is in the place of a section. A text is not shown, because it may be a secret:
 * `password:abc` without a space is a text.
 */
export function kind(value: unknown): string {
  return typeof value === "string" ? "a text" : show(value);
}

/** A map of known keys. */
export function section<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "invalid_type" ? `expected a map, found ${kind(issue.input)}` : undefined,
  });
}

/** A list of texts that `parse` reads. `parse` throws what it expected and found. */
export function list<T>(what: string, parse: (text: string) => T) {
  return z.array(
    string(what).min(1, { error: () => `expected ${what}, found nothing` })
      .transform((text, context) => read(text, parse, context)),
    { error: (issue) => `expected a list, found ${show(issue.input)}` },
  );
}

/** A list of texts with at least one element. */
export function filledList<T>(what: string, parse: (text: string) => T) {
  return list(what, parse).min(1, { error: () => `expected at least ${what}, found none` });
}

/**
 * A key that differs from every known one by more than this, or by more than half of its length, is not
 * considered a misspelling.
 */
const TYPO_DISTANCE_MAX = 3;

/**
 * Converts the issues of zod.
 *
 * @param keysAt returns the keys that the section at a path may have
 */
export function toIssues(
  { issues }: z.core.$ZodError,
  keysAt: (path: readonly PropertyKey[]) => readonly string[],
): Issue[] {
  return issues.flatMap((issue) => {
    const { path } = issue;
    if (issue.code !== "unrecognized_keys") return [{ path, message: issue.message }];
    return issue.keys.map((key) => {
      const message = `unknown key "${key}", ${suggestion(key, keysAt(path))}`;
      return { path, key, message };
    });
  });
}

function suggestion(key: string, known: readonly string[]): string {
  const best = closest(key, [...known]);
  return distance(key, best) <= Math.min(TYPO_DISTANCE_MAX, key.length / 2)
    ? `did you mean "${best}"?`
    : `expected one of ${known.join(", ")}`;
}
