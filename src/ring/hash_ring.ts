/** Maps keys to members by consistent hashing. Does not depend on health, time or HTTP. @module */

import type { Member } from "../member.ts";
import { murmur3 } from "./murmur3.ts";

/** Points of a member of weight 1. The Go tool has the same number, which is required in a mixed fleet. */
const POINTS_PER_WEIGHT = 500;
/** The largest weight. Larger ones are limited: Consul allows 65,535, which would be 32 million points. */
export const WEIGHT_MAX = 100;
/** A point and its member's rank share one double: 32 bits of hash above 20 bits of rank. */
const MEMBERS_MAX = 2 ** 20;

/**
 * An immutable consistent-hash ring.
 *
 * Point `i` of a member is `murmur3("<i><host:port>")`, for `i` from 0. A key's owner is the member of the
 * first point strictly greater than `murmur3(key)`, wrapping round. Members are ranked by name. If two points
 * collide, the later member wins. This is the Go tool's placement, which the vectors in
 * `tests/testdata/ring-placement.json` verify: a different hash would move live data.
 */
export class HashRing {
  /** The members in ascending order of their names. */
  readonly members: readonly Member[];
  /** The members and weights that it was built from. */
  readonly weights: ReadonlyMap<Member, number>;
  /** A 32-bit digest of members and weights: two instances with equal digests have the same placement. */
  readonly hash: number;
  /** The part of all keys that each member owns, from 0 to 1. */
  readonly shares: ReadonlyMap<Member, number>;
  readonly #points: Uint32Array;
  readonly #owners: Uint32Array;
  readonly #starts: Uint32Array;

  private constructor(
    weights: ReadonlyMap<Member, number>,
    sorted: readonly (readonly [Member, number])[],
    { points, owners, starts, lengths }: Placement,
  ) {
    this.weights = weights;
    this.members = sorted.map(([member]) => member);
    this.hash = digestOf(sorted);
    this.shares = new Map(this.members.map((member, i) => [member, lengths[i] / 2 ** 32]));
    this.#points = points;
    this.#owners = owners;
    this.#starts = starts;
  }

  /**
   * Builds the ring of some members.
   *
   * @param weights the weight of each member: a whole number, which is limited to the range from 1 to
   *   {@linkcode WEIGHT_MAX}
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
    const building = HashRing.build(weights);
    for (;;) {
      const { done, value } = building.next();
      if (done) return value;
    }
  }

  /**
   * Builds the ring in slices, because a large ring takes seconds. The generator yields every few
   * milliseconds, and returns the ring.
   *
   * @throws {RangeError} if there are more than a million members
   */
  static *build(weights: ReadonlyMap<Member, number>): Generator<void, HashRing> {
    const sorted = sortedByName(weights);
    if (sorted.length > MEMBERS_MAX) {
      throw new RangeError(`expected at most ${MEMBERS_MAX} members, found ${sorted.length}`);
    }
    return new HashRing(weights, sorted, yield* place(sorted));
  }

  /** Returns the owner of a key, or `undefined` on an empty ring. */
  ownerOf(key: string): Member | undefined {
    return this.members[this.#owners[this.#pointAfter(key)]];
  }

  /**
   * Returns the owner of a key on a ring without some members, without building that ring. `undefined` if no
   * member is left.
   */
  ownerWithout(key: string, without: readonly Member[]): Member | undefined {
    const length = this.#points.length;
    const first = this.#pointAfter(key);
    for (let i = 0; i < length; i++) {
      const owner = this.members[this.#owners[(first + i) % length]];
      if (!without.includes(owner)) return owner;
    }
    return undefined;
  }

  /** Returns the index of the first point strictly greater than the key's hash, wrapping round. */
  #pointAfter(key: string): number {
    const points = this.#points;
    const starts = this.#starts;
    const hash = murmur3(key);
    // Points are distributed evenly, so the start of a hash's slice is only a step or two from its point. A
    // binary search over 1,000 members takes 19 steps, most of them outside the CPU cache.
    let i = starts[Math.floor(hash / 2 ** 32 * starts.length)];
    while (i < points.length && points[i] <= hash) i++;
    return i === points.length ? 0 : i;
  }
}

/** Returns the {@linkcode HashRing.hash hash} of a ring of these members, without building the ring. */
export function ringHash(weights: ReadonlyMap<Member, number>): number {
  return digestOf(sortedByName(weights));
}

function sortedByName(weights: ReadonlyMap<Member, number>): (readonly [Member, number])[] {
  return [...weights].sort(([a], [b]) => (a < b ? -1 : 1));
}

function digestOf(sorted: readonly (readonly [Member, number])[]): number {
  return murmur3(sorted.map(([member, weight]) => `${member} ${weight}\n`).join(""));
}

/** The points of a ring. */
interface Placement {
  /** In ascending order. */
  readonly points: Uint32Array;
  /** The rank of each point's member. */
  readonly owners: Uint32Array;
  /**
   * The circle is divided into as many equal slices as there are points. This is the first point at or after
   * the start of each slice.
   */
  readonly starts: Uint32Array;
  /** How many hashes each member owns, by its rank. */
  readonly lengths: Float64Array;
}

/** Points between two pauses for other work: about two milliseconds. */
const POINTS_A_STEP = 4_096;

function* place(sorted: readonly (readonly [Member, number])[]): Generator<void, Placement> {
  const packed = yield* sort(yield* pack(sorted));
  const lengths = new Float64Array(sorted.length);
  // A key belongs to the first point after it. Keys after the last point belong to the first one.
  let before = Math.floor((packed.at(-1) ?? 0) / MEMBERS_MAX) - 2 ** 32;
  const points = new Uint32Array(packed.length);
  const owners = new Uint32Array(packed.length);
  for (let i = 0; i < packed.length; i++) {
    points[i] = Math.floor(packed[i] / MEMBERS_MAX);
    owners[i] = backwards(packed[i] % MEMBERS_MAX);
    lengths[owners[i]] += points[i] - before;
    before = points[i];
    if (i % POINTS_A_STEP === 0) yield;
  }
  const starts = new Uint32Array(Math.max(points.length, 1));
  let slice = 0;
  for (let i = 0; i < points.length; i++) {
    while (slice <= Math.floor(points[i] / 2 ** 32 * starts.length)) starts[slice++] = i;
    if (i % POINTS_A_STEP === 0) yield;
  }
  return { points, owners, starts: starts.fill(points.length, slice), lengths };
}

/** Reverses ranks, so that of colliding points the later member's is found first. */
function backwards(rank: number): number {
  return MEMBERS_MAX - 1 - rank;
}

/** Returns each point with its member's rank as one double, in any order. Yields after each step. */
function* pack(sorted: readonly (readonly [Member, number])[]): Generator<void, Float64Array> {
  const counts = sorted.map(([, weight]) =>
    POINTS_PER_WEIGHT * Math.min(Math.max(Math.trunc(weight), 1), WEIGHT_MAX)
  );
  const packed = new Float64Array(counts.reduce((sum, count) => sum + count, 0));
  let next = 0;
  for (const [rank, [member]] of sorted.entries()) {
    for (let i = 0; i < counts[rank]; i++) {
      packed[next++] = murmur3(`${i}${member}`) * MEMBERS_MAX + backwards(rank);
      if (next % POINTS_A_STEP === 0) yield;
    }
  }
  return packed;
}

/**
 * Sorts evenly distributed doubles of "hash, then rank" in buckets. The native sort takes a tenth of the time
 * of sorting objects with a comparator.
 */
function* sort(packed: Float64Array): Generator<void, Float64Array> {
  const buckets = Math.max(1, Math.ceil(packed.length / POINTS_A_STEP));
  const bucketOf = (value: number) => Math.floor(value / MEMBERS_MAX / 2 ** 32 * buckets);
  const ends = new Uint32Array(buckets);
  for (let i = 0; i < packed.length; i++) {
    ends[bucketOf(packed[i])]++;
    if (i % POINTS_A_STEP === 0) yield;
  }
  for (let bucket = 1; bucket < buckets; bucket++) ends[bucket] += ends[bucket - 1];
  const sorted = new Float64Array(packed.length);
  const next = Uint32Array.from(ends, (_, bucket) => (bucket === 0 ? 0 : ends[bucket - 1]));
  for (let i = 0; i < packed.length; i++) {
    sorted[next[bucketOf(packed[i])]++] = packed[i];
    if (i % POINTS_A_STEP === 0) yield;
  }
  for (let bucket = 0; bucket < buckets; bucket++) {
    sorted.subarray(bucket === 0 ? 0 : ends[bucket - 1], ends[bucket]).sort();
    yield;
  }
  return sorted;
}
