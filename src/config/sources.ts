/** Sources of members besides Consul and the servers of the file: `dns_sd` and `file_sd`. @module */

import { isIP } from "node:net";
import type * as z from "zod";
import { parseMember, splitMember } from "../member.ts";
import { filledList, scalar, section } from "./fields.ts";
import { parseInterval, parsePort, parseWord, show } from "./values.ts";

/** The types of records that name members. */
export type RecordType = "SRV" | "A" | "AAAA";

/** The address of a DNS server. */
export interface Nameserver {
  readonly hostname: string;
  readonly port: number;
}

/** How members are looked up in DNS. */
export interface DnsSdConfig {
  readonly names: readonly string[];
  readonly type: RecordType;
  /** The port of every member. Absent for SRV, whose records have ports. */
  readonly port?: number;
  /** A name is looked up again after this time at the latest. */
  readonly refreshMs: number;
  /** Servers to ask. Absent: those of `/etc/resolv.conf`. */
  readonly nameservers?: readonly Nameserver[];
}

/** The files that name members. */
export interface FileSdConfig {
  /** The last part of each name may contain `*`, which stands for any characters. */
  readonly files: readonly string[];
  /** The files are read again after this time at the latest, whether they have changed or not. */
  readonly refreshMs: number;
  /** The port of targets without one. */
  readonly port?: number;
}

const DNS_PORT = 53;
const DEFAULT_TYPE: RecordType = "SRV";
/** The defaults of Prometheus. */
const DEFAULT_DNS_REFRESH_MS = 30_000;
const DEFAULT_FILE_REFRESH_MS = 300_000;

/** The shape of `dns_sd`. */
export const dnsSd = section({
  names: filledList("one name", parseDnsName),
  type: scalar("SRV, A or AAAA", parseType),
  port: scalar("a port", parsePort),
  refresh_interval: scalar("a duration", parseInterval),
  nameservers: filledList("one IP address", parseNameserver).optional(),
});

/** The shape of `file_sd`. */
export const fileSd = section({
  files: filledList("one file name", parsePattern),
  refresh_interval: scalar("a duration", parseInterval),
});

/** Completes the section with defaults. */
export function resolveDnsSd(section: z.infer<typeof dnsSd>): DnsSdConfig {
  const { names, type = DEFAULT_TYPE, port, nameservers } = section;
  return {
    names,
    type,
    ...(port !== undefined && { port }),
    refreshMs: section.refresh_interval ?? DEFAULT_DNS_REFRESH_MS,
    ...(nameservers && { nameservers }),
  };
}

/**
 * Completes the section with defaults.
 *
 * @param options.port the port of targets without one
 * @param options.locate makes a file name of the section absolute
 */
export function resolveFileSd(
  section: z.infer<typeof fileSd>,
  { port, locate }: {
    readonly port: number | undefined;
    readonly locate: (file: string) => string;
  },
): FileSdConfig {
  return {
    files: section.files.map(locate),
    refreshMs: section.refresh_interval ?? DEFAULT_FILE_REFRESH_MS,
    ...(port !== undefined && { port }),
  };
}

/**
 * Reads a type of records. Case does not matter.
 *
 * @throws {TypeError} if it is not a type that names members
 */
export function parseType(text: string): RecordType {
  return parseWord("SRV", "A", "AAAA")(text.toUpperCase());
}

/**
 * Checks a name. A name that ends with a dot is looked up as it is, any other one also in the domains of the
 * search list.
 */
function parseDnsName(text: string): string {
  const labels = text.replace(/\.$/, "").split(".");
  const isName = text.length <= 254 && labels.every((label) => /^[\w-]{1,63}$/.test(label));
  if (!isName || isIP(text)) {
    throw new TypeError(`expected a name in DNS, found ${show(text)}`);
  }
  return text;
}

function parseNameserver(text: string): Nameserver {
  const refused = new TypeError(
    `expected an IP address with or without a port, found ${show(text)}`,
  );
  try {
    const { host, port } = splitMember(parseMember(text, DNS_PORT));
    if (isIP(host)) return { hostname: host, port };
  } catch (cause) {
    refused.cause = cause;
  }
  throw refused;
}

function parsePattern(text: string): string {
  if (!/^[^*]*(\*[^/]*)?\.(json|ya?ml)$/i.test(text)) {
    throw new TypeError(
      `expected a name that ends in .json, .yml or .yaml, with * in its last part alone, found ${
        show(text)
      }`,
    );
  }
  return text;
}
