/**
 * Escapes label names as a Pushgateway does for scrapers that do not accept all UTF-8 in them. Pure.
 *
 * @module
 */

/** The pattern for names of metrics: Pushgateways use it for labels too, so it allows colons. */
const LEGACY = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LEGACY_CHARACTER = /[a-zA-Z0-9_:]/;

/** Escapes a label name. */
export type EscapeName = (name: string) => string;

/** The escaping for scrapers that accept all UTF-8. */
const ANY_UTF8 = "allow-utf-8";

/** Replacements for characters that legacy names do not allow, and for underscores. */
const SCHEMES: Readonly<Record<string, (character: string) => string>> = {
  underscores: () => "_",
  dots: (character) => character === "." ? "_dot_" : "__",
  values: (character) => character === "_" ? "__" : `_${character.codePointAt(0)?.toString(16)}_`,
};

/**
 * Returns how a Pushgateway escapes label names that are not legacy names.
 *
 * @param contentType the content type of its page. Pushgateways without escaping name none there, and do not
 *   change names.
 */
export function escapingOf(contentType: string): EscapeName {
  const [, scheme = ""] = /;\s*escaping=([\w-]+)/.exec(contentType) ?? [];
  const escape = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined;
  if (!escape) return (name) => name;
  return (name) => {
    if (LEGACY.test(name)) return name;
    let escaped = scheme === "values" ? "U__" : "";
    for (const [i, character] of [...name].entries()) {
      const isKept = LEGACY_CHARACTER.test(character) && (i > 0 || !/\d/.test(character)) &&
        !(character === "_" && scheme !== "underscores");
      escaped += isKept ? character : escape(character);
    }
    return escaped;
  };
}

/** Whether the names on a page are not escaped. */
export function isUnescaped(contentType: string): boolean {
  return contentType.includes(`escaping=${ANY_UTF8}`);
}
