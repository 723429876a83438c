/** Builds the rings that other instances announce: each once, and a large one in slices. @module */

import { cooperate } from "../concurrency/cooperate.ts";
import type { Announcements } from "../consul/announcements.ts";
import { errorText, type Logger } from "../log.ts";
import { createTrouble } from "../log/trouble.ts";
import type { Member } from "../member.ts";
import { HashRing } from "../ring/hash_ring.ts";
import { type AnnouncedText, readAnnounced } from "./plan/announced_ring.ts";
import type { Others } from "./plan/rings.ts";

/** Reads the announcements of other instances. */
export interface OthersRings {
  /** Returns what they announce; `building` until all of those rings are built. */
  read(all: Announcements["all"]): Others | "building";
  /** Adds a ring that other instances may announce as well. */
  add(ring: HashRing): void;
}

/** How many rings are kept besides the announced ones, because they were announced lately. */
const RINGS_MAX = 16;
/** Slices that are built at once: enough for rings of a few dozen members. */
const SLICES_AT_ONCE = 16;
/**
 * Stands for an announcement that cannot be read: an empty ring, of an instance that has heard of no other.
 */
const UNREADABLE = {
  ring: HashRing.of(new Map()),
  since: 0,
  seen: [],
  version: 0,
  from: 0,
  heard: new Map<string, number>(),
};

/**
 * Creates a reader that knows no ring.
 *
 * @param deps.onBuilt called when a ring that was waited for is built
 */
export function createOthersRings(
  { log, onBuilt }: { readonly log: Logger; readonly onBuilt: () => void },
): OthersRings {
  /** Rings by their members and weights. */
  const rings = new Map<string, HashRing>();
  const building = new Set<string>();
  let announced = 0;
  /** The announcements of the last read. */
  let texts = new Map<string, AnnouncedText | "unreadable">();
  const trouble = createTrouble();

  function parse(text: string): AnnouncedText | "unreadable" {
    try {
      return readAnnounced(text);
    } catch (cause) {
      if (trouble.isNews(cause)) {
        const fields = { text, err: errorText(cause) };
        log.warn("announcement of another instance cannot be read: no group is moved", fields);
      }
      return "unreadable";
    }
  }

  function keep(name: string, ring: HashRing): HashRing {
    rings.delete(name); // moves it to the end of the order
    rings.set(name, ring);
    const [oldest] = rings.keys();
    if (rings.size > RINGS_MAX + announced) rings.delete(oldest);
    return ring;
  }

  function ringOf(weights: ReadonlyMap<Member, number>): HashRing | undefined {
    const name = nameOf(weights);
    const known = rings.get(name);
    if (known) return keep(name, known);
    if (building.has(name)) return undefined;
    const work = HashRing.build(weights);
    for (let slices = 0; slices < SLICES_AT_ONCE; slices++) {
      const { done, value } = work.next();
      if (done) return keep(name, value);
    }
    building.add(name);
    void finish(name, work);
    return undefined;
  }

  async function finish(name: string, work: Generator<void, HashRing>): Promise<void> {
    const never = new AbortController().signal;
    keep(name, await cooperate(work, never));
    building.delete(name);
    onBuilt();
  }

  return {
    add: (ring) => void keep(nameOf(ring.weights), ring),
    read(all) {
      if (!all) return "unknown";
      announced = all.length;
      const others: Exclude<Others, string>[number][] = [];
      let isBuilding = false;
      texts = new Map(all.map(({ text }) => [text, texts.get(text) ?? parse(text)]));
      if (![...texts.values()].includes("unreadable")) {
        const past = trouble.over();
        if (past) log.info("all announcements can be read again", past);
      }
      for (const { text, ...rest } of all) {
        const parsed = texts.get(text) ?? "unreadable";
        if (parsed === "unreadable") {
          others.push({ ...UNREADABLE, ...rest });
          continue;
        }
        const { weights, ...said } = parsed;
        const ring = ringOf(weights);
        if (ring) others.push({ ring, ...said, ...rest });
        else isBuilding = true;
      }
      return isBuilding ? "building" : others;
    },
  };
}

function nameOf(weights: ReadonlyMap<Member, number>): string {
  return JSON.stringify([...weights].sort(([a], [b]) => (a < b ? -1 : 1)));
}
