/**
 * Reads the subject alternative names of a certificate. Pure.
 *
 * They are read from its bytes, because the runtime returns them as one text without quotes, in which the URI
 * `a:, DNS:b` would be two names.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** An element of DER: a tag and its contents. */
interface Element {
  readonly tag: number;
  readonly contents: Uint8Array;
}

const SEQUENCE = 0x30;
const OCTET_STRING = 0x04;
/** The tag of a certificate's extensions. */
const EXTENSIONS = 0xa3;
/** The object identifier 2.5.29.17, as an element. */
const SUBJECT_ALT_NAME = "0603551d11";
/** The kinds of names that are read. Other kinds are left out, as in Go. */
const [EMAIL, DNS, URI, IP] = [0x81, 0x82, 0x86, 0x87];
const IPV4_BYTES = 4;
const IPV6_GROUPS = 8;

/**
 * Reads the DNS names, e-mail addresses, URIs and IP addresses. IP addresses are written as in Go.
 *
 * @param der the certificate
 * @throws {RangeError} if it ends too early
 */
export function alternativeNames(der: Uint8Array): string[] {
  const [certificate] = elements(der);
  const [toBeSigned] = elements(certificate.contents);
  const extensions = elements(toBeSigned.contents).find(({ tag }) => tag === EXTENSIONS);
  if (!extensions) return [];
  return within(extensions, SEQUENCE).flatMap((extension) => {
    const isNames = Buffer.from(extension.contents).toString("hex").startsWith(SUBJECT_ALT_NAME);
    const value = elements(extension.contents).find(({ tag }) => tag === OCTET_STRING);
    return isNames && value ? within(value, SEQUENCE).flatMap(nameOf) : [];
  });
}

/** Returns the elements of the only element that another one contains. */
function within({ contents }: Element, tag: number): Element[] {
  const [only] = elements(contents);
  return only?.tag === tag ? elements(only.contents) : [];
}

function nameOf({ tag, contents }: Element): string[] {
  if (tag === IP) return [addressOf(contents)];
  return tag === EMAIL || tag === DNS || tag === URI
    ? [Buffer.from(contents).toString("latin1")]
    : [];
}

function addressOf(bytes: Uint8Array): string {
  if (bytes.length === IPV4_BYTES) return bytes.join(".");
  const groups = Buffer.from(bytes).toString("hex").match(/.{4}/g) ?? [];
  if (groups.length !== IPV6_GROUPS) return "";
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}

function elements(der: Uint8Array): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < der.length;) {
    const tag = der[at];
    let start = at + 2;
    let length = der[at + 1];
    if (length & 0x80) { // the number of bytes of the length
      start += length & 0x7f;
      length = der.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0);
    }
    at = start + length;
    // A missing length is NaN here.
    if (!(at <= der.length)) throw new RangeError("expected a certificate, found a part of one");
    found.push({ tag, contents: der.subarray(start, at) });
  }
  return found;
}
