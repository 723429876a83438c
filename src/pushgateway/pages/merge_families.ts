/**
 * Merges the pages of several Pushgateways into one, as they arrive: each family once, with the samples of
 * all pages. Only a part of each page is in memory at a time.
 *
 * @module
 */

import { createPace } from "../../concurrency/pace.ts";
import type { FamilyHead, FamilyReader, PageFormat } from "./families.ts";
import type { LabelPairs } from "./json_group.ts";

/** Which samples of a page are shown. */
export type Shows =
  /** Decides by the labels of a metric, with one character for each byte. */
  (labels: LabelPairs) => Shown;
/** `once` and `last`: shown if no earlier page has shown a metric with these labels as `once`. */
export type Shown = "always" | "never" | "once" | "last";

/** One of the pages. */
export interface MergedPage<Head extends FamilyHead> {
  /** The name of its Pushgateway. */
  readonly name: string;
  readonly families: FamilyReader<Head>;
  /** Absent: all samples are shown. */
  readonly shows?: Shows;
}

/** What merging needs. */
export interface MergeOptions<Head extends FamilyHead> {
  readonly format: PageFormat<Head>;
  /** Families that are left out. */
  readonly hidden: ReadonlySet<string>;
  /** Called for a family with different types on different pages. The types are by name of the page. */
  readonly onConflict: (family: string, types: ReadonlyMap<string, string>) => void;
  readonly signal: AbortSignal;
}

/** Families of the Pushgateway itself. Clients push some of these names too. */
const OWN = /^(?:go|process|promhttp|pushgateway)_/;
/** A family that is on the page of every Pushgateway. */
const ALWAYS_THERE = "pushgateway_build_info";
/** A label that all pushed samples have. */
const PUSHED_LABEL = "job";

/**
 * Merges pages.
 *
 * @param pages in order of precedence
 * @yields chunks of some size, and the rest. Each is valid until the next is requested.
 * @throws what reading a page throws; the signal's reason when it aborts
 */
export async function* mergeFamilies<Head extends FamilyHead>(
  pages: readonly MergedPage<Head>[],
  { format, hidden, onConflict, signal }: MergeOptions<Head>,
): AsyncGenerator<Uint8Array, void> {
  const pace = createPace(signal);
  const output = createChunks();
  const writer = format.writer(output.write);
  const heads = new Map<MergedPage<Head>, Head>();

  async function goOn(some: readonly MergedPage<Head>[]): Promise<void> {
    await Promise.all(some.map(async (page) => {
      const head = await page.families.next();
      if (head) heads.set(page, head);
      else heads.delete(page);
    }));
  }

  await goOn(pages);
  while (heads.size > 0) {
    const name = firstOf(heads.values());
    const family = pages.filter((page) => heads.get(page)?.name === name);
    if (!hidden.has(name)) {
      yield* merge(family, name);
      writer.end();
    }
    await goOn(family);
  }
  yield* output.all();

  async function* merge(
    family: readonly MergedPage<Head>[],
    name: string,
  ): AsyncGenerator<Uint8Array, void> {
    const told = family.flatMap((page) => heads.get(page) ?? []);
    if (told.some(({ type }) => type !== told[0].type)) {
      onConflict(name, new Map(family.map((page, i) => [page.name, told[i].type])));
    }
    writer.begin(told);
    const isOwn = OWN.test(name);
    /** The page that has shown a metric first, for metrics that are shown once. */
    const shown = new Map<string, MergedPage<Head>>();
    for (const [i, page] of family.entries()) {
      const take = (samples: Uint8Array) => writer.samples(samples, told[i]);
      const wants = wanted(page, isOwn, shown);
      for (let samples; (samples = await page.families.samples());) {
        if (wants) format.select(samples, told[i], wants, take);
        else take(samples);
        yield* output.full();
        if (pace.tired) await pace.rest();
      }
    }
  }
}

/**
 * Returns the families of a page. Reading them fails if the page ends too early: a protobuf push can damage a
 * Pushgateway's store so that its page ends anywhere, with status 200.
 */
export function wholePage<Head extends FamilyHead>(
  { next, samples }: FamilyReader<Head>,
): FamilyReader<Head> {
  let isWhole = false;
  return {
    async next() {
      const head = await next();
      isWhole ||= head?.name === ALWAYS_THERE;
      if (head || isWhole) return head;
      throw new SyntaxError(`expected all families, found a page without ${ALWAYS_THERE}`);
    },
    samples,
  };
}

/** Returns a function that decides which metrics of a page are wanted. `undefined` if all are. */
function wanted<Page extends Pick<MergedPage<FamilyHead>, "shows">>(
  page: Page,
  isOwn: boolean,
  shown: Map<string, Page>,
): ((labels: LabelPairs) => boolean) | undefined {
  const { shows } = page;
  if (!shows && !isOwn) return undefined;
  return (labels) => {
    if (isOwn && !labels.some(([name]) => name === PUSHED_LABEL)) return false;
    const how = shows?.(labels) ?? "always";
    if (how === "always" || how === "never") return how === "always";
    if (how === "last" && shown.size === 0) return true;
    const key = labels.flat().join("\xff"); // a byte that UTF-8 does not use
    const first = shown.get(key) ?? page;
    if (how === "once") shown.set(key, first);
    return first === page;
  };
}

function firstOf(heads: Iterable<FamilyHead>): string {
  let first: string | undefined;
  for (const { name } of heads) if (first === undefined || name < first) first = name;
  return first ?? "";
}

/** Large enough to be worth a write. */
const CHUNK_BYTES = 65_536;

/** Collects bytes in chunks. The memory of a chunk is reused once the next is requested. */
function createChunks() {
  const free: Uint8Array[] = [];
  const filled: Uint8Array[] = [];
  const next = () => free.pop() ?? new Uint8Array(CHUNK_BYTES);
  let chunk = next();
  let length = 0;

  function* full(): Generator<Uint8Array> {
    for (let first; (first = filled.shift());) {
      yield first;
      free.push(first);
    }
  }

  return {
    write(bytes: Uint8Array) {
      for (let at = 0; at < bytes.length;) {
        const part = bytes.subarray(at, at + CHUNK_BYTES - length);
        chunk.set(part, length);
        length += part.length;
        at += part.length;
        if (length < CHUNK_BYTES) continue;
        filled.push(chunk);
        [chunk, length] = [next(), 0];
      }
    },
    full,
    *all(): Generator<Uint8Array> {
      yield* full();
      if (length > 0) yield chunk.subarray(0, length);
    },
  };
}
