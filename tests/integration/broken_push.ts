/** Loaded before the program: breaks what it does first with a push to the group `broken`. @module */

const { startsWith } = String.prototype;
String.prototype.startsWith = function (...args): boolean {
  const asksForPush = args[0] === "/metrics/job/" && startsWith.call(this, "/metrics/job/broken");
  if (asksForPush) throw new RangeError("broken on purpose");
  return startsWith.apply(this, args);
};
