/**
 * The seed of the model's random runs: the same each time, so that a change is judged by what it
 * changes. HANDOFF_SEED=<number> looks elsewhere.
 *
 * @module
 */

import fc from "fast-check";

const SEED = 20_261_125;

fc.configureGlobal({ seed: Number(Deno.env.get("HANDOFF_SEED") ?? SEED) });
