/** Reads the files that a section of a configuration names, and checks what they hold. @module */

import { certificatesProblem, pairProblem } from "./certificates.ts";
import { readNamed } from "./files.ts";

/** What belongs to each key of a section. */
export type ByKey = Readonly<Record<string, string>>;

/** What is wrong with a file. */
export interface FileProblem {
  /** The key that names it. */
  readonly key: string;
  readonly problem: string;
}

/** The files of a section as they were read. */
export interface SectionFiles {
  /** Those that could be read. */
  readonly texts: ByKey;
  readonly problems: readonly FileProblem[];
}

/** Those that hold certificates. Others hold a secret. */
const CERTIFICATES = new Set(["ca_file", "cert_file", "client_ca_file"]);

/**
 * Reads files, and checks that certificates are some, and that `cert_file` and `key_file` belong together.
 *
 * @param checked texts that were found good before, which are not checked again
 */
export async function readSectionFiles(files: ByKey, checked: ByKey = {}): Promise<SectionFiles> {
  const texts: Record<string, string> = {};
  const problems: FileProblem[] = [];
  const wrong = (key: string, problem: string) =>
    void problems.push({ key, problem: `${problem}, at ${files[key]}` });
  for (const [key, file] of Object.entries(files)) {
    const problemOf = (text: string) =>
      CERTIFICATES.has(key) && text !== checked[key] ? certificatesProblem(text) : undefined;
    const read = await readNamed(file, problemOf);
    if ("text" in read) texts[key] = read.text;
    else wrong(key, read.problem);
  }
  const { cert_file: cert, key_file: key } = texts;
  const isPair = cert !== undefined && key !== undefined;
  const isChecked = cert === checked.cert_file && key === checked.key_file;
  const pair = isPair && !isChecked ? pairProblem(cert, key) : undefined;
  if (pair) wrong(pair.key, pair.message);
  return { texts, problems };
}

/** Leaves out the keys that have nothing. */
export function byKey(keys: Readonly<Record<string, string | undefined>>): ByKey {
  const there = Object.entries(keys).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value]]
  );
  return Object.fromEntries(there);
}
