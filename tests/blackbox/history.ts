/** What was done to a fleet, and when. @module */

/** Something that was done, or came of it. */
export interface Happening {
  readonly unixMs: number;
  readonly what: string;
}

/** Notes what happens now. */
export type Note = (what: string) => void;

/** Shows a time as the service's log does, without the date. */
export function showTime(unixMs: number): string {
  return new Date(unixMs).toISOString().slice(11);
}
