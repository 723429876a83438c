/** What became of a push that was answered with a 307, told by what came and what its caller saw. @module */

import type { Recording } from "./recorder.ts";

/** What a driver printed: what the caller of its library sees; or that it was still waiting. */
export type Said =
  | { readonly hangs: number }
  | { readonly status: number | undefined }
  | { readonly error: string };

/** What became of a push. */
export type Outcome =
  /** It came to the second address, and its caller sees a success. */
  | "works"
  /** Its caller sees an error. */
  | "error"
  /** Its caller sees the 307. */
  | "307"
  /** Its caller sees a success, and nothing was pushed. */
  | "lost"
  /** The body that came is empty, whatever its caller sees: a PUT of it empties the group. */
  | "empties"
  /** Its caller is not answered: the client waits for what does not come. */
  | "hangs"
  /** A GET came, which a Pushgateway refuses. */
  | "becomes GET";

/**
 * Reads the last line that a driver printed: `status` with a number or `none`, or `error` with a text.
 *
 * @throws {Error} for any other line
 */
export function parseSaid(output: string): Said {
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  const [, word, rest] = /^(status|error) (.+)$/.exec(line) ?? [];
  if (word === "error") return { error: rest };
  if (rest === "none") return { status: undefined };
  if (/^\d{3}$/.test(rest ?? "")) return { status: Number(rest) };
  throw new Error(`expected the line of a driver, "status …" or "error …", found "${line}"`);
}

/**
 * Tells what became of a push.
 *
 * @throws {Error} where it is none of what is known: it came to nobody, or changed on its way
 */
export function outcomeOf({ first, second }: Recording, said: Said): Outcome {
  if (!first) throw new Error(`expected a push, found none: ${shownSaid(said)}`);
  if (first.body === "") throw new Error("expected a push with a body, found an empty one");
  if (second?.isWhole && second.body === "" && second.method === first.method) return "empties";
  if (second?.method === "GET") return "becomes GET";
  if ("hangs" in said) return "hangs";
  if ("error" in said) return "error";
  if (!second) return outcomeAtFirst(said.status);
  const { status } = said;
  if (status !== undefined && status !== 200) throw new Error(`answered 200, and saw ${status}`);
  if (second.method === first.method && second.body === first.body) return "works";
  throw new Error(`expected the same push again, found ${second.method} with "${second.body}"`);
}

function outcomeAtFirst(status: number | undefined): Outcome {
  if (status === 307) return "307";
  if (status === undefined || status === 200) return "lost";
  throw new Error(`answered 307, and saw ${status}`);
}

/** What the caller sees, in words for the table. */
export function shownSaid(said: Said): string {
  if ("error" in said) return said.error;
  if ("hangs" in said) return `nothing for ${said.hangs} s`;
  return said.status === undefined ? "success" : `${said.status}`;
}
