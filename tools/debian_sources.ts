/** Reads apt's source lists, to learn which Debian mirror this machine uses. Pure. @module */

/** One place that apt fetches from. */
export interface AptSource {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
  /** Key files that the source is signed by; none where the list does not say, or embeds the key. */
  readonly signedBy: readonly string[];
}

/**
 * Reads the one-line format, `deb [signed-by=FILE] URI SUITE COMPONENT…`. What is no source of
 * binary packages, or is malformed, is skipped: apt itself complains about it.
 */
export function parseSourcesList(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const line of text.split("\n")) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?([^#\s[]+)\s+([^#\s]+)([^#]*)/.exec(line);
    if (!match) continue;
    const [, options = "", uri, suite, components] = match;
    const signedBy = /(?:^|\s)signed-by\+?=(\S+)/i.exec(options)?.[1] ?? "";
    sources.push({
      uri,
      suites: [suite],
      components: words(components),
      signedBy: keyFiles(signedBy),
    });
  }
  return sources;
}

/** Reads the deb822 format: stanzas of `Field: value`, continued on indented lines. */
export function parseDeb822Sources(text: string): AptSource[] {
  const sources: AptSource[] = [];
  const withoutComments = text.split("\n").filter((line) => !line.startsWith("#")).join("\n");
  for (const stanza of withoutComments.split(/\n[ \t]*\n/)) {
    const fields = new Map<string, string>();
    for (const field of stanza.split(/\n(?![ \t])/)) {
      const colon = field.indexOf(":");
      if (colon > 0) {
        fields.set(field.slice(0, colon).trim().toLowerCase(), field.slice(colon + 1).trim());
      }
    }
    if (!words(fields.get("types")).includes("deb")) continue;
    if (/^(no|false|without|off|disable)$/i.test(fields.get("enabled") ?? "")) continue;
    for (const uri of words(fields.get("uris"))) {
      sources.push({
        uri,
        suites: words(fields.get("suites")),
        components: words(fields.get("components")),
        signedBy: keyFiles(fields.get("signed-by") ?? ""),
      });
    }
  }
  return sources;
}

/**
 * The sources that are a mirror of the Debian archive, likeliest first: those that carry `main` of
 * this machine's own release. Vendors use Debian's suite names for their own archives too, so one
 * whose path speaks of Debian, or whose keys do, goes first.
 *
 * @param codename of the machine's release, as `bookworm`
 */
export function debianMirrors(sources: readonly AptSource[], codename: string): AptSource[] {
  const suites = new Set([codename, "stable", "oldstable", "testing", "unstable", "sid"]);
  const likelihood = ({ uri, signedBy }: AptSource) =>
    Number(/\/debian(\/|$)/.test(uri)) +
    Number(signedBy.some((file) => file.includes("debian-archive")));
  return sources
    .filter((source) =>
      source.components.includes("main") && source.suites.some((suite) => suites.has(suite))
    )
    .sort((a, b) => likelihood(b) - likelihood(a));
}

/**
 * Where a mirror's old releases go: Debian moves them to the host `archive` of the same domain.
 * `undefined` for what has no domain, as an address or a file.
 */
export function archiveOf(uri: string): string | undefined {
  const match = /^(https?:\/\/)(?:[^/@]*@)?([a-z0-9.-]+\.[a-z]+)(?::\d+)?(\/.*)?$/i.exec(uri);
  if (!match) return undefined;
  const [, scheme, host, path = ""] = match;
  return `${scheme}archive.${host.split(".").slice(-2).join(".")}${path}`;
}

function words(text = ""): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function keyFiles(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word.startsWith("/"));
}
