/**
 * Reads the path of a push as the Pushgateway does: with Go's path cleaning, then its router, then its label
 * parsing. It uses the raw request string, because `new URL` normalizes differently from Go.
 *
 * If the Pushgateway would answer with a redirect (a path to clean, a route in the wrong case), it is
 * followed here at once: its 301 makes clients send an empty PUT, which empties the group. An empty segment
 * after the route is refused. It is an empty label value, or one that begins with a slash, from a client that
 * does not encode it, and cleaning would change the group.
 *
 * @module
 */

import { decodeBase64Url } from "./base64.ts";
import { type Group, groupPath } from "./group.ts";
import { labelName, type NameScheme } from "./label_name.ts";

/** The result for a request path: a group and the path to send on, or why a Pushgateway would refuse it. */
export type PushPath =
  | {
    readonly kind: "group";
    readonly group: Group;
    /**
     * The path for the owner, without a query: unchanged if the Pushgateway accepts it as it is, otherwise
     * canonical.
     */
    readonly path: string;
  }
  | { readonly kind: "refused"; readonly status: 400 | 404 | 405; readonly reason: string };

const ROUTE = "/metrics/job/";
const ROUTE_BASE64 = "/metrics/job@base64/";
const BASE64_SUFFIX = "@base64";
const EMPTY_SEGMENT = "empty path segment behind the job's route: an empty label value has to be " +
  "written as NAME@base64/=, and one with slashes as NAME@base64/VALUE";
const NOT_FOUND: PushPath = { kind: "refused", status: 404, reason: "404 page not found" };

/** Empty, `.` and `..` segments, which Go's ServeMux removes. */
const UNCLEAN = /\/(?:\/|\.\.?(?:\/|$))/;
/** Characters that are valid in a path, but would have another meaning in a `Location`. */
const UNSAFE_IN_LOCATION = /[^\x21-\x7e]|[#\\"<>^`{|}]/gu;

/**
 * Reads the group from a push path.
 *
 * @param rawPath the percent-encoded path, without query, as in the request line
 * @param scheme how the Pushgateways read label names
 *
 * @example
 * ```ts
 * import { parsePushPath } from "./push_path.ts";
 * import assert from "node:assert/strict";
 *
 * const parsed = parsePushPath("/metrics/job/a/zone/y/env@base64/eA", "legacy");
 * assert(parsed.kind === "group");
 * assert.deepEqual([...parsed.group.labels], [["env", "x"], ["zone", "y"]]);
 * ```
 */
export function parsePushPath(rawPath: string, scheme: NameScheme): PushPath {
  const decoded = percentDecode(rawPath);
  if (decoded === undefined) {
    return refuse(`400 Bad Request: invalid percent-encoding in ${JSON.stringify(rawPath)}`);
  }
  const unclean = UNCLEAN.test(decoded.text);
  const path = unclean ? cleanPath(decoded.text) : decoded.text;
  if (path === undefined) return refuse(EMPTY_SEGMENT);

  const route = matchRoute(path);
  if (route === undefined) {
    return path === "/metrics"
      ? { kind: "refused", status: 405, reason: "Method Not Allowed" }
      : NOT_FOUND;
  }
  if (!decoded.utf8) return refuse("grouping key is not valid UTF-8");

  const slash = path.indexOf("/", route.length);
  const jobText = slash < 0 ? path.slice(route.length) : path.slice(route.length, slash);
  if (jobText === "") return NOT_FOUND;
  const job = route.length === ROUTE_BASE64.length ? decodeValue(jobText) : jobText;
  if (typeof job === "object") {
    return refuse(`invalid base64 encoding in job name "": ${job.reason}`);
  }
  if (job === "") return refuse("job name is required");

  const labels = parseLabels(slash < 0 ? "" : path.slice(slash), scheme);
  if (typeof labels === "string") return refuse(labels);

  // If the same group existed with and without an empty instance, its Pushgateway would refuse every push.
  const emptyInstance = labels.get("instance") === "" && labels.delete("instance");
  const group = { job, labels };
  return {
    kind: "group",
    group,
    path: unclean || emptyInstance || !route.exact
      ? groupPath(group, scheme)
      : forLocation(rawPath),
  };
}

function refuse(reason: string): PushPath {
  return { kind: "refused", status: 400, reason };
}

/**
 * Finds the route of a path. The Pushgateway's router matches its two routes in any case (with a 307 to the
 * right one).
 */
function matchRoute(path: string): { length: number; exact: boolean } | undefined {
  for (const route of [ROUTE, ROUTE_BASE64]) {
    if (path.startsWith(route)) return { length: route.length, exact: true };
  }
  for (const route of [ROUTE, ROUTE_BASE64]) {
    // It matches the base64 route in another case only if the job is the whole rest.
    const taken = route === ROUTE || !path.includes("/", route.length);
    if (taken && path.slice(0, route.length).toLowerCase() === route) {
      return { length: route.length, exact: false };
    }
  }
}

/** Returns the labels in ascending order of their names, or a refusal in the Pushgateway's words. */
function parseLabels(text: string, scheme: NameScheme): Map<string, string> | string {
  const labels = new Map<string, string>();
  if (text.length <= 1) return labels;
  const components = text.slice(1).split("/");
  if (components.length % 2 !== 0) {
    return `odd number of components in label string ${JSON.stringify(text)}`;
  }
  let last = "";
  let sorted = true;
  for (let i = 0; i < components.length; i += 2) {
    const isBase64 = components[i].endsWith(BASE64_SUFFIX);
    const nameText = isBase64 ? components[i].slice(0, -BASE64_SUFFIX.length) : components[i];
    const name = labelName(nameText, scheme);
    if (name === undefined) return `improper label name ${JSON.stringify(nameText)}`;
    const value = isBase64 ? decodeValue(components[i + 1]) : components[i + 1];
    if (typeof value === "object") {
      const found = JSON.stringify(components[i + 1]);
      return `invalid base64 encoding for label ${nameText}=${found}: ${value.reason}`;
    }
    if (name === "job") continue; // the job of the route takes precedence
    labels.set(name, value);
    sorted &&= name >= last;
    last = name;
  }
  return sorted ? labels : new Map([...labels].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function decodeValue(text: string): string | { reason: string } {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(decodeBase64Url(text));
  } catch (error) {
    const { message } = error as TypeError;
    return { reason: message.startsWith("illegal base64") ? message : "value is not valid UTF-8" };
  }
}

/**
 * Go's url.PathUnescape, which also reports text that is not UTF-8. Returns `undefined` if a `%` is
 * malformed.
 */
function percentDecode(text: string): { text: string; utf8: boolean } | undefined {
  if (!text.includes("%")) return { text, utf8: true };
  try {
    return { text: decodeURIComponent(text), utf8: true };
  } catch {
    if (/%(?![0-9A-Fa-f]{2})/.test(text)) return undefined;
    // Well-formed escapes of bytes that are not UTF-8: ASCII is decoded, so that routes match.
    const ascii = text.replace(/%([0-7][0-9A-Fa-f])/g, (_, hex) => {
      return String.fromCharCode(parseInt(hex, 16));
    });
    return { text: ascii, utf8: false };
  }
}

/**
 * Go's path.Clean for a rooted path, which keeps a trailing slash as its ServeMux does.
 *
 * @returns `undefined` if a segment after the route is empty, except for a trailing slash
 */
function cleanPath(path: string): string | undefined {
  const kept: string[] = [];
  const segments = path.split("/");
  for (const [i, segment] of segments.entries()) {
    if (segment === "..") kept.pop();
    else if (segment !== "" && segment !== ".") kept.push(segment);
    else if (segment === "" && i < segments.length - 1 && isBehindRoute(kept)) return undefined;
  }
  const cleaned = `/${kept.join("/")}`;
  return path.endsWith("/") && cleaned !== "/" ? `${cleaned}/` : cleaned;
}

function isBehindRoute([first, second]: readonly string[]): boolean {
  return second !== undefined && matchRoute(`/${first}/${second}/`) !== undefined;
}

function forLocation(rawPath: string): string {
  if (rawPath.search(UNSAFE_IN_LOCATION) < 0) return rawPath;
  return rawPath.replace(UNSAFE_IN_LOCATION, (character) => encodeURIComponent(character));
}
