// @ts-check
/** How many pushes a second each member gets, from counts at several times. @module */

/** @typedef {import("./api.js").MemberView} MemberView */

/** A rate is that of the last so many milliseconds. */
const WINDOW_MS = 10_000;

/** Creates rates of nothing. */
export function createRates() {
  /** @type {{atMs: number, pushes: Map<string, number>}[]} */
  let samples = [];

  return {
    /**
     * Takes counts, and returns the members with their rates. One that is counted for the first time has none,
     * nor has one whose count has begun anew.
     *
     * @param {readonly MemberView[]} members
     * @param {number} atMs
     * @returns {MemberView[]}
     */
    take(members, atMs) {
      const pushes = new Map(members.map(({ member, pushes = 0 }) => [member, pushes]));
      // The last one before the window begins it.
      const begin = samples.findLastIndex((sample) => sample.atMs <= atMs - WINDOW_MS);
      samples = [...samples.slice(Math.max(0, begin)), { atMs, pushes }];
      return members.map((view) => {
        const first = samples.find(({ pushes }) => pushes.has(view.member));
        const before = first?.pushes.get(view.member) ?? 0;
        const now = view.pushes ?? 0;
        if (!first || first.atMs === atMs || now < before) return { ...view };
        return { ...view, rate: (now - before) * 1_000 / (atMs - first.atMs) };
      });
    },
  };
}
