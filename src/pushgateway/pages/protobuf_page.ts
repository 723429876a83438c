/**
 * Reads the metrics of delimited `MetricFamily` messages, which arrive in pieces: one family may have the
 * metrics of 100,000 groups. The bytes of metrics are not changed, so that they can be sent on completely.
 * Pure.
 *
 * @module
 */

import { concat } from "./concat.ts";
import { type Cursor, readField, readVarint, type WireField } from "./protobuf_wire.ts";

/** The fields of a family. All of its metrics get the same object. */
export interface FamilyHead {
  readonly name: string;
  /** Usually UTF-8, but clients can push other bytes. */
  readonly help: Uint8Array | undefined;
  /** The number of the type. Absent: a counter. */
  readonly type: number | undefined;
}

/** Takes families and metrics. */
export interface ProtobufSink {
  /** Takes a `Metric` message, whose bytes are valid during the call. */
  metric(bytes: Uint8Array, family: FamilyHead): void;
  /** Called after all metrics of the family, if it has any. */
  familyEnd?(family: FamilyHead): void;
}

/** Takes messages in pieces. */
export interface ProtobufPage {
  /**
   * Takes the next bytes.
   *
   * @throws {SyntaxError} if they are not such messages
   */
  take(bytes: Uint8Array): void;
  /**
   * Handles the end of the bytes.
   *
   * @throws {SyntaxError} if a message broke off
   */
  end(): void;
}

/** The content type of such a page, and of a push of such messages. */
export const PROTOBUF_TYPE = "application/vnd.google.protobuf;" +
  "proto=io.prometheus.client.MetricFamily;encoding=delimited";
/** The media type for `Accept`. */
export const PROTOBUF_ACCEPT = `${PROTOBUF_TYPE};escaping=allow-utf-8`;

const [NAME, HELP, TYPE, METRIC] = [1, 2, 3, 4];
/** The largest name, help or metric. No page of a Pushgateway has a larger one. */
const FIELD_BYTES_MAX = 64_000_000;

/** Reads one page. */
export function createProtobufPage(sink: ProtobufSink): ProtobufPage {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let head: FamilyHead | undefined;
  /** Bytes of the family that have not been read yet. */
  let left = 0;
  let kept: Uint8Array[] = [];
  let keptBytes = 0;
  /** The number of bytes that are needed to go on. */
  let needed = 1;

  function begin(length: number): void {
    head = { name: "", help: undefined, type: undefined };
    left = length;
    if (left === 0) end();
  }

  function end(): void {
    if (head) sink.familyEnd?.(head);
    head = undefined;
  }

  function takeField(bytes: Uint8Array, { number, start, end }: WireField): void {
    if (!head) return;
    const value = bytes.subarray(start, end);
    if (number === METRIC) sink.metric(value, head);
    else if (number === NAME) head = { ...head, name: decoder.decode(value) };
    else if (number === HELP) head = { ...head, help: new Uint8Array(value) };
    else if (number === TYPE) head = { ...head, type: readVarint({ bytes, at: start }) };
  }

  /** Reads a length or a field. Changes nothing if it is incomplete. */
  function step(cursor: Cursor): boolean {
    const from = cursor.at;
    if (!head) {
      const length = readVarint(cursor);
      if (length === undefined) return wait(cursor, from, cursor.bytes.length + 1);
      begin(length);
      return true;
    }
    const field = readField(cursor);
    if (!field) return wait(cursor, from, cursor.bytes.length + 1);
    if (field.end > cursor.bytes.length) return wait(cursor, from, field.end);
    left -= field.end - from;
    if (left < 0) throw new SyntaxError("expected a field within its message, found a longer one");
    takeField(cursor.bytes, field);
    if (left === 0) end();
    return true;
  }

  function wait(cursor: Cursor, from: number, end: number): false {
    cursor.at = from;
    needed = end - from;
    if (needed > FIELD_BYTES_MAX) {
      throw new SyntaxError(
        `expected a field of at most ${FIELD_BYTES_MAX} bytes, found ${needed}`,
      );
    }
    return false;
  }

  return {
    take(bytes) {
      if (keptBytes + bytes.length < needed) {
        kept.push(new Uint8Array(bytes)); // a copy, because the bytes are valid only during the call
        keptBytes += bytes.length;
        return;
      }
      const cursor = { bytes: kept.length > 0 ? concat([...kept, bytes]) : bytes, at: 0 };
      needed = 1;
      while (cursor.at < cursor.bytes.length && step(cursor));
      const rest = cursor.bytes.subarray(cursor.at);
      kept = rest.length > 0 ? [new Uint8Array(rest)] : [];
      keptBytes = rest.length;
    },
    end() {
      if (head || keptBytes > 0) {
        throw new SyntaxError("expected metric families, found that they end early");
      }
    },
  };
}
