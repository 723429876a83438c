/** What the sections of the configuration file are made of. @module */

import { z } from "zod";
import { Secret } from "./secret.ts";
import { show } from "./values.ts";

/** One thing wrong with the file: where (as a path of keys and indices) and what. */
export interface Issue {
  readonly path: readonly PropertyKey[];
  /** The offending key itself, where the key and not its value is wrong. */
  readonly key?: string;
  readonly message: string;
}

/** A scalar read by `parse`, which throws what it expected and found. An empty value counts as absent. */
export function scalar<T>(what: string, parse: (text: string) => T) {
  return z.string({ error: (issue) => `expected ${what}, found ${show(issue.input)}` })
    .transform((text, context) => {
      if (text === "") return undefined;
      try {
        return parse(text);
      } catch (error) {
        context.issues.push({ code: "custom", message: (error as Error).message, input: text });
        return z.NEVER;
      }
    }).nullish().transform((value) => value ?? undefined);
}

/** A text as it was written. */
export const text = (what: string) => scalar(what, String);
/** A text that is never shown. */
export const secret = (what: string) => scalar(what, (value) => new Secret(value));

/** A text in a section's place is not shown: `password:abc` without a space is one. */
function kind(value: unknown): string {
  return typeof value === "string" ? "a text" : show(value);
}

/** A map of known keys. */
export function section<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === "invalid_type" ? `expected a map, found ${kind(issue.input)}` : undefined,
  });
}

/** A list of texts. */
export const texts = (what: string) =>
  z.array(
    z.string({ error: (issue) => `expected ${what}, found ${show(issue.input)}` })
      .min(1, { error: () => `expected ${what}, found nothing` }),
    { error: (issue) => `expected a list, found ${show(issue.input)}` },
  ).nullish().transform((value) => value ?? []);
