/** Mixtures of faults and pushes that the model is run with, one after the other. @module */

import type { RunOptions } from "./run.ts";

/** What a run is made of, but for its seed. */
export type Profile = Omit<RunOptions, "seed">;

const ANYTHING = {
  reload: 4,
  restart: 3,
  kill: 1,
  scale: 5,
  drain: 4,
  pages: 4,
  die: 2,
  "agent leaves": 1,
  alias: 1,
  "lose answers": 1,
} as const;

/** Ten times as many groups, and pushes. */
const BUSY = { groups: 30, names: 4 };

/** One for each test. */
export const PROFILES: readonly Profile[] = [
  /** Families that are only added to: each one that was acknowledged has to be there. */
  { steps: 12, weights: ANYTHING, methods: ["POST"] },
  /** What replaces and deletes, too; members refuse pushes now and then. */
  {
    steps: 12,
    weights: { ...ANYTHING, refuse: 1 },
    methods: ["POST", "POST", "POST", "PUT", "DELETE"],
  },
  /** Rings that change all the time, seen by instances at different times. */
  {
    steps: 20,
    weights: { reload: 3, restart: 3, scale: 8, drain: 6, "agent leaves": 3, kill: 2 },
    methods: ["POST"],
  },
  /** Members that answer late, or not at all, while groups have to move. */
  {
    steps: 16,
    weights: { pages: 8, die: 4, scale: 5, drain: 3, "lose answers": 4, alias: 2 },
    methods: ["POST", "POST", "PUT"],
  },
  /** Many groups, all of them pushed while they are moved, by two instances. */
  {
    steps: 8,
    weights: { scale: 4, drain: 6, kill: 1 },
    methods: ["POST"],
    ...BUSY,
    instances: 2,
  },
  /** The same pushed seldom: what was done wrong to one push no later one makes good. */
  {
    steps: 8,
    weights: { scale: 4, drain: 6, kill: 1 },
    methods: ["POST", "POST", "POST", "PUT"],
    ...BUSY,
    everyMs: 3_000,
    instances: 2,
  },
  /** The same by one instance, with members that answer before they have taken what was pushed. */
  {
    steps: 8,
    weights: { scale: 4, drain: 6, restart: 1 },
    methods: [...Array<"POST">(10).fill("POST"), "PUT"],
    ...BUSY,
    instances: 1,
    unchecked: 0.6,
  },
];

/** Members that go away and come back, one of them while another one is not on the ring yet. */
export const COMEBACKS: Profile = {
  steps: 16,
  weights: { die: 10, scale: 1, drain: 1, reload: 1 },
  methods: ["POST", "POST", "PUT"],
};

/** The mixture of a seed. */
export function profileOf(seed: number): Profile {
  return PROFILES[seed % PROFILES.length];
}
