/** Maps keys to members by consistent hashing. Knows nothing of health, time or HTTP. @module */

import type { Member } from "../member.ts";
import { murmur3 } from "./murmur3.ts";

/** Points of a member of weight 1: the Go tool's number, which both must share in a mixed fleet. */
const POINTS_PER_WEIGHT = 500;
/** A weight above this is cut: Consul allows 65,535, which would be 32 million points. */
const WEIGHT_MAX = 100;
/** A point and its member's rank share one double: 32 bits of hash above 20 bits of rank. */
const MEMBERS_MAX = 2 ** 20;

/**
 * An immutable consistent-hash ring.
 *
 * Point `i` of a member is `murmur3("<i><host:port>")`, `i` from 0; a key's owner is the member of
 * the first point strictly greater than `murmur3(key)`, wrapping round. Members are ranked by name;
 * where two points collide the later one wins. That is the Go tool's placement, pinned by the
 * vectors in `tests/testdata/ring-placement.json`: another hash here moves live data.
 */
export class HashRing {
  /** The members in ascending order. */
  readonly members: readonly Member[];
  /** The members and weights that it was built of. */
  readonly weights: ReadonlyMap<Member, number>;
  /** A 32-bit digest of members and weights: two instances with equal digests place alike. */
  readonly hash: number;
  readonly #points: Uint32Array;
  readonly #owners: Uint32Array;
  readonly #starts: Uint32Array;

  private constructor(weights: ReadonlyMap<Member, number>) {
    const sorted = [...weights].sort(([a], [b]) => (a < b ? -1 : 1));
    if (sorted.length > MEMBERS_MAX) {
      throw new RangeError(`expected at most ${MEMBERS_MAX} members, found ${sorted.length}`);
    }
    this.weights = weights;
    this.members = sorted.map(([member]) => member);
    this.hash = murmur3(sorted.map(([member, weight]) => `${member} ${weight}\n`).join(""));
    [this.#points, this.#owners] = placePoints(sorted);
    this.#starts = indexPoints(this.#points);
  }

  /**
   * Builds the ring of some members.
   *
   * @param weights the weight of each member: a whole number from 1 (taken as 1 below it, and as
   *   {@linkcode WEIGHT_MAX} above it)
   *
   * @example
   * ```ts
   * import { HashRing } from "./hash_ring.ts";
   * import { parseMember } from "../member.ts";
   * import assert from "node:assert/strict";
   *
   * const ring = HashRing.of(new Map([[parseMember("10.0.0.1:9091"), 1]]));
   * assert.equal(ring.ownerOf("/metrics/job/backup"), "10.0.0.1:9091");
   * ```
   */
  static of(weights: ReadonlyMap<Member, number>): HashRing {
    return new HashRing(weights);
  }

  /** The owner of a key, or `undefined` on an empty ring. */
  ownerOf(key: string): Member | undefined {
    return this.members[this.#owners[this.#pointAfter(key)]];
  }

  /**
   * The owner of a key on the ring without some of its members, which is not built for that; or
   * `undefined` where no member is left.
   */
  ownerWithout(key: string, without: ReadonlySet<Member>): Member | undefined {
    const length = this.#points.length;
    const first = this.#pointAfter(key);
    for (let i = 0; i < length; i++) {
      const owner = this.members[this.#owners[(first + i) % length]];
      if (!without.has(owner)) return owner;
    }
    return undefined;
  }

  /** Index of the first point strictly greater than the key's hash, wrapping round. */
  #pointAfter(key: string): number {
    const points = this.#points;
    const starts = this.#starts;
    const hash = murmur3(key);
    // Points lie evenly, so a hash nearly says where its own is: a step or two from the start of its
    // slice. A binary search over 1,000 members takes 19 steps, most of them out of the cache.
    let i = starts[Math.floor(hash / 2 ** 32 * starts.length)];
    while (i < points.length && points[i] <= hash) i++;
    return i === points.length ? 0 : i;
  }
}

function placePoints(sorted: readonly [Member, number][]): [Uint32Array, Uint32Array] {
  const counts = sorted.map(([, weight]) =>
    POINTS_PER_WEIGHT * Math.min(Math.max(Math.trunc(weight), 1), WEIGHT_MAX)
  );
  const total = counts.reduce((sum, count) => sum + count, 0);
  // Sorting doubles of "hash, then rank" natively takes a tenth of sorting objects with a comparator.
  // Ranks run backwards: of points that collide the later member's is found first.
  const packed = new Float64Array(total);
  const backwards = (rank: number) => MEMBERS_MAX - 1 - rank;
  let next = 0;
  sorted.forEach(([member], rank) => {
    for (let i = 0; i < counts[rank]; i++) {
      packed[next++] = murmur3(`${i}${member}`) * MEMBERS_MAX + backwards(rank);
    }
  });
  packed.sort();
  return [
    Uint32Array.from(packed, (point) => Math.floor(point / MEMBERS_MAX)),
    Uint32Array.from(packed, (point) => backwards(point % MEMBERS_MAX)),
  ];
}

/** Cuts the circle into as many equal slices as there are points: the first point from each on. */
function indexPoints(points: Uint32Array): Uint32Array {
  const starts = new Uint32Array(Math.max(points.length, 1));
  let slice = 0;
  points.forEach((point, i) => {
    while (slice <= Math.floor(point / 2 ** 32 * starts.length)) starts[slice++] = i;
  });
  return starts.fill(points.length, slice);
}
