/** Packs files into one folder, so that the same files make the same archive. @module */

import { zipSync } from "fflate";
import { create } from "tar";

/** What is packed. */
export interface Packing {
  /** Holds the files; its own name is `folder`. */
  readonly staged: string;
  /** The one folder in the archive. */
  readonly folder: string;
  /** Of the files, in the order in which they are packed. */
  readonly names: readonly string[];
  /** When all of them were changed, as the archive says. */
  readonly date: Date;
  readonly archive: string;
}

/** Packs a `.tar.gz`; programs stay executable. */
export async function packTarball(
  { staged, folder, names, date, archive }: Packing,
): Promise<void> {
  await create(
    {
      file: archive,
      cwd: staged.slice(0, -folder.length),
      gzip: true,
      portable: true,
      mtime: date,
    },
    names.map((name) => `${folder}/${name}`),
  );
}

/** Packs a `.zip`. */
export async function packZip({ staged, folder, names, date, archive }: Packing): Promise<void> {
  const files: Record<string, Uint8Array> = {};
  for (const name of names) files[`${folder}/${name}`] = await Deno.readFile(`${staged}/${name}`);
  await Deno.writeFile(archive, zipSync(files, { mtime: date }));
}
