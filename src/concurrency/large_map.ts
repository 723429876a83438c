/**
 * A map of up to hundreds of thousands of strings, made of many small ones. One large `Map` doubles its table
 * now and then and inserts all its entries again. At 65,536 entries that takes a tenth of a second if fresh
 * memory is expensive, as in a virtual machine, and pushes wait in the meantime.
 *
 * @module
 */

const PARTS = 64;

/** A `Map` whose entries have no order. */
export class LargeMap<Value> implements ReadonlyMap<string, Value> {
  readonly #parts = Array.from({ length: PARTS }, () => new Map<string, Value>());
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): Value | undefined {
    return this.#partOf(key).get(key);
  }

  has(key: string): boolean {
    return this.#partOf(key).has(key);
  }

  set(key: string, value: Value): this {
    const part = this.#partOf(key);
    const before = part.size;
    part.set(key, value);
    this.#size += part.size - before;
    return this;
  }

  delete(key: string): boolean {
    const deleted = this.#partOf(key).delete(key);
    if (deleted) this.#size--;
    return deleted;
  }

  *keys(): MapIterator<string> {
    for (const part of this.#parts) yield* part.keys();
  }

  *values(): MapIterator<Value> {
    for (const part of this.#parts) yield* part.values();
  }

  *entries(): MapIterator<[string, Value]> {
    for (const part of this.#parts) yield* part;
  }

  [Symbol.iterator](): MapIterator<[string, Value]> {
    return this.entries();
  }

  forEach(take: (value: Value, key: string, map: ReadonlyMap<string, Value>) => void): void {
    for (const [key, value] of this) take(value, key, this);
  }

  /** Hashes the end of a key: names of groups differ at their end more than at their beginning. */
  #partOf(key: string): Map<string, Value> {
    let hash = key.length;
    for (let at = Math.max(0, key.length - 6); at < key.length; at++) {
      hash = (hash * 31 + key.charCodeAt(at)) >>> 0;
    }
    return this.#parts[hash % PARTS];
  }
}
