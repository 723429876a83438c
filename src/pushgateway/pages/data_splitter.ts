/**
 * Splits the answer of `/api/v1/metrics` into its groups as it arrives, so that each can be parsed
 * separately: the whole may be 135 MB of JSON. Pure.
 *
 * @module
 */

import { concat } from "./concat.ts";

/** Splits `{"status":"success","data":[{…},{…}]}`, which arrives in pieces. */
export interface DataSplitter {
  /**
   * Takes the next bytes.
   *
   * @param take called with the JSON text of each object of `data` that ends in these bytes
   * @throws {SyntaxError} if `data` contains something other than objects, or an object is too large
   */
  take(bytes: Uint8Array, take: (text: string) => void): void;
  /**
   * Handles the end of the bytes.
   *
   * @returns the text of the answer without its groups
   * @throws {SyntaxError} if they broke off
   */
  end(): string;
}

/** The nesting depth within `data`. */
const ELEMENTS = 2;
const DATA = /[{,]\s*"data"\s*:\s*$/;
/** The largest group. */
const ELEMENT_BYTES_MAX = 256_000_000;
/** The largest answer without its groups. */
const ENVELOPE_BYTES_MAX = 1_000_000;

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];
const [SPACE, TAB, LINE_FEED, CARRIAGE_RETURN] = [0x20, 0x09, 0x0a, 0x0d];

/** Splits one answer. */
export function createDataSplitter(): DataSplitter {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let depth = 0;
  let [inString, escaped, inData] = [false, false, false];
  let envelope = "";
  /** The beginning of the object in which the last bytes broke off. */
  let started: Uint8Array[] = [];
  let startedBytes = 0;

  function finish(last: Uint8Array): string {
    const whole = started.length > 0 ? concat([...started, last]) : last;
    started = [];
    startedBytes = 0;
    return decoder.decode(whole);
  }

  /** Reads to the end of an object that has begun, or to the end of the bytes. */
  function skipElement(bytes: Uint8Array, at: number): number {
    // One byte costs 1 to 2 ns here, with the three flags in registers.
    let [inside, levels] = [inString, depth];
    if (escaped && at < bytes.length) {
      escaped = false;
      at++;
    }
    for (; at < bytes.length; at++) {
      const byte = bytes[at];
      if (inside) {
        if (byte === QUOTE) inside = false;
        else if (byte === BACKSLASH && ++at === bytes.length) escaped = true;
      } else if (byte === QUOTE) {
        inside = true;
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        levels++;
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        if (--levels === ELEMENTS) {
          at++;
          break;
        }
      }
    }
    inString = inside;
    depth = levels;
    return Math.min(at, bytes.length);
  }

  /** Takes a byte that is not part of a group. */
  function takeEnvelope(byte: number): void {
    envelope += String.fromCharCode(byte);
    if (envelope.length > ENVELOPE_BYTES_MAX) {
      throw new SyntaxError("expected the Pushgateway's groups, found too much that is no group");
    }
    if (inString) {
      if (escaped) escaped = false;
      else if (byte === BACKSLASH) escaped = true;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) {
      inString = true;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth++;
      inData = byte === OPEN_BRACKET && depth === ELEMENTS && DATA.test(envelope.slice(0, -1));
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth--;
    }
  }

  return {
    take(bytes, take) {
      for (let at = 0; at < bytes.length;) {
        const byte = bytes[at];
        const inElement = inData && depth > ELEMENTS;
        if (inElement || (inData && byte === OPEN_BRACE)) {
          if (!inElement) depth++;
          const start = at;
          at = skipElement(bytes, inElement ? at : at + 1);
          const piece = bytes.subarray(start, at);
          if (depth > ELEMENTS) {
            startedBytes += piece.length;
            if (startedBytes > ELEMENT_BYTES_MAX) {
              throw new SyntaxError(
                `expected a group of at most ${ELEMENT_BYTES_MAX} bytes, found more`,
              );
            }
            started.push(new Uint8Array(piece)); // a copy, because the bytes are valid only during the call
          } else {
            take(finish(piece));
          }
          continue;
        }
        at++;
        if (!inData) {
          takeEnvelope(byte);
        } else if (byte === CLOSE_BRACKET) {
          inData = false;
          takeEnvelope(byte);
        } else if (byte !== COMMA && !isSpace(byte)) {
          throw new SyntaxError(
            `expected groups, found ${JSON.stringify(String.fromCharCode(byte))}`,
          );
        }
      }
    },
    end() {
      if (depth > 0 || inString || envelope === "") {
        throw new SyntaxError("expected the Pushgateway's groups, found that they end early");
      }
      return envelope;
    },
  };
}

function isSpace(byte: number): boolean {
  return byte === SPACE || byte === LINE_FEED || byte === TAB || byte === CARRIAGE_RETURN;
}
