/** Go's URL-safe base64 decoding, which is less strict than JavaScript's. @module */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/**
 * Decodes a `@base64` value of a push path as the Pushgateway does: URL-safe alphabet, all trailing `=`
 * trimmed, CR and LF skipped, unused low bits of the last character ignored.
 *
 * @throws {TypeError} with Go's wording and offset if a character is not in the alphabet
 */
export function decodeBase64Url(text: string): Uint8Array {
  const trimmed = text.replace(/=+$/, "");
  const bytes = new Uint8Array(Math.ceil((trimmed.length * 3) / 4));
  let length = 0;
  let buffer = 0;
  let sextets = 0;
  for (let i = 0; i < trimmed.length; i++) {
    if (trimmed[i] === "\n" || trimmed[i] === "\r") continue;
    const sextet = ALPHABET.indexOf(trimmed[i]);
    if (sextet < 0) throw illegal(byteOffset(trimmed, i));
    buffer = ((buffer << 6) | sextet) & 0xffffff;
    sextets++;
    if (sextets % 4 !== 1) bytes[length++] = (buffer >> (6 - 2 * ((sextets - 1) % 4))) & 0xff;
  }
  if (sextets % 4 === 1) throw illegal(trimmed.length - 1);
  return bytes.subarray(0, length);
}

/** Encodes bytes as URL-safe base64 without padding. No bytes become a single `=`, as clients write it. */
export function encodeBase64Url(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  const text = btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  return text === "" ? "=" : text;
}

function illegal(offset: number): TypeError {
  return new TypeError(`illegal base64 data at input byte ${offset}`);
}

function byteOffset(text: string, index: number): number {
  return new TextEncoder().encode(text.slice(0, index)).length;
}
