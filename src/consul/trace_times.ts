/** How long what locks leave behind in Consul can be relied on. @module */

/** How long the trace of a lock stays at least, in ms. */
export const TRACE_MS = 60_000;
/**
 * A process that stands still, as a virtual machine may, keeps its session for up to two TTLs, and its
 * clock may not tell.
 */
const STANDSTILL_MS_MAX = 20_000;
/** How far back traces tell, in ms: after that one that another process has left may be gone. */
export const TRACED_MS = TRACE_MS - STANDSTILL_MS_MAX;
