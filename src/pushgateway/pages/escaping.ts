/** How label names look to a scraper that does not take any UTF-8 in them. Pure. @module */

/** Of metrics: Pushgateways take a colon for one in labels, too. */
const LEGACY = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LEGACY_CHARACTER = /[a-zA-Z0-9_:]/;

/** Writes a label name. */
export type EscapeName = (name: string) => string;

/** What a scraper takes for any UTF-8. */
const ANY_UTF8 = "allow-utf-8";

/** What becomes of a character that a legacy name has not, or an underscore. */
const SCHEMES: Readonly<Record<string, (character: string) => string>> = {
  underscores: () => "_",
  dots: (character) => character === "." ? "_dot_" : "__",
  values: (character) => character === "_" ? "__" : `_${character.codePointAt(0)?.toString(16)}_`,
};

/**
 * What a Pushgateway does with label names that are no legacy ones.
 *
 * @param contentType of its page; Pushgateways that know of no escaping name none, and leave names as they are
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

/** Whether names are on a page as they are. */
export function isUnescaped(contentType: string): boolean {
  return contentType.includes(`escaping=${ANY_UTF8}`);
}
