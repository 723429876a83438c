/** Reads and checks the files, and the inline texts, of a section of a configuration. @module */

import { certificatesProblem, pairProblem } from "./certificates.ts";
import { readNamed } from "./files.ts";

/** Values by the keys of a section. */
export type ByKey = Readonly<Record<string, string>>;

/** What is wrong with a file or an inline text. */
export interface FileProblem {
  /** The key that names the file, or has the text. */
  readonly key: string;
  readonly problem: string;
}

/** The texts of a section. */
export interface SectionTexts {
  /**
   * The contents of files that could be read, by their keys, and valid inline texts (`cert` instead of
   * `cert_file`).
   */
  readonly texts: ByKey;
  readonly problems: readonly FileProblem[];
}

/** Keys of certificates. Other keys are secrets. */
const CERTIFICATES = /^(ca|cert|client_ca)(_file)?$/;

/**
 * Reads files. Checks certificates, and that a certificate and its key belong together.
 *
 * @param options.inline texts in the configuration itself
 * @param options.checked texts that were valid before, which are not checked again
 */
export async function readSectionFiles(
  files: ByKey,
  { inline = {}, checked = {} }: { readonly inline?: ByKey; readonly checked?: ByKey } = {},
): Promise<SectionTexts> {
  const texts: Record<string, string> = {};
  const problems: FileProblem[] = [];
  const wrong = (key: string, problem: string) => {
    const where = key in files ? `, at ${files[key]}` : "";
    problems.push({ key, problem: `${problem}${where}` });
  };
  const problemOf = (key: string, text: string) =>
    CERTIFICATES.test(key) && text !== checked[key] ? certificatesProblem(text) : undefined;
  for (const [key, file] of Object.entries(files)) {
    const read = await readNamed(file, (text) => problemOf(key, text));
    if ("text" in read) texts[key] = read.text;
    else wrong(key, read.problem);
  }
  for (const [key, text] of Object.entries(inline)) {
    const problem = problemOf(key, text);
    if (problem) wrong(key, problem);
    else texts[key] = text;
  }
  const [certKey, keyKey] = ["cert", "key"].map((key) => key in texts ? key : `${key}_file`);
  const [cert, key] = [texts[certKey], texts[keyKey]];
  const isPair = cert !== undefined && key !== undefined;
  const isChecked = cert === checked[certKey] && key === checked[keyKey];
  const pair = isPair && !isChecked ? pairProblem(cert, key) : undefined;
  if (pair) wrong(pair.of === "key" ? keyKey : certKey, pair.message);
  return { texts, problems };
}

/** Leaves out the keys without a value. */
export function byKey(keys: Readonly<Record<string, string | undefined>>): ByKey {
  const there = Object.entries(keys).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, value]]
  );
  return Object.fromEntries(there);
}
