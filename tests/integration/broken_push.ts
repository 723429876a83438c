/** Loaded before the program: breaks what it does first with a push to the group `broken`. @module */

const { startsWith } = String.prototype;
String.prototype.startsWith = function (...args): boolean {
  if (startsWith.call(this, "/metrics/job/broken")) throw new RangeError("broken on purpose");
  return startsWith.apply(this, args);
};
