/** The label names that a Pushgateway accepts, and how it reads them. @module */

/** Whether the Pushgateways run with `--push.enable-utf8-names`. */
export type NameScheme = "legacy" | "utf8";

const LEGACY_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const RESERVED_PREFIX = "__";

/**
 * Returns the name under which a Pushgateway stores a label, or `undefined` for a name that it refuses. Names
 * that decode to `__…` also return `undefined`: a Pushgateway accepts them, but then fails every later push.
 */
export function labelName(text: string, scheme: NameScheme): string | undefined {
  if (text.startsWith(RESERVED_PREFIX)) return undefined;
  const escaped = text.startsWith("U__");
  if (scheme === "legacy" && !LEGACY_NAME.test(text)) return undefined;
  const name = escaped ? unescapeName(text) : text;
  if ((name === "" && scheme === "utf8") || name.startsWith(RESERVED_PREFIX)) return undefined;
  return scheme === "utf8" ? name : text;
}

/**
 * Returns the text of a name in a path from which {@linkcode labelName} returns the name: unchanged, or
 * escaped if a path segment would lose it (`a/b`, `.`, `x@base64`) or if it would be read as an escape.
 */
export function labelNameText(name: string, scheme: NameScheme): string {
  const lost = name === "." || name === ".." || /\/|@base64$/.test(name);
  if (!lost && labelName(name, scheme) === name) return name;
  const escape = (found: string) => found === "_" ? "__" : `_${found.charCodeAt(0).toString(16)}_`;
  return `U__${name.replace(/[_/.@]/g, escape)}`;
}

/**
 * Undoes Prometheus's `U__` escaping of UTF-8 names: `_2d_` is a code point in hex (five digits at most, as
 * in prometheus/common), `__` an underscore. Malformed text is not changed.
 */
function unescapeName(text: string): string {
  const body = text.slice("U__".length);
  if (!/^(?:[^_]|__|_[0-9a-f]{1,5}_)*$/iu.test(body)) return text;
  let valid = true;
  const name = body.replace(/_([0-9a-f]*)_/gi, (_, hex: string) => {
    if (hex === "") return "_";
    const code = parseInt(hex, 16);
    if (code >= 0xd800 && code <= 0xdfff) valid = false;
    return valid ? String.fromCodePoint(code) : "";
  });
  return valid ? name : text;
}
