/**
 * llhttp, the HTTP/1.1 parser of Node.js, in the WebAssembly build that undici ships. It finds the parts of a
 * message in bytes, without their meaning.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import source from "undici/lib/llhttp/llhttp-wasm.js" with { type: "text" };

/**
 * Takes what a parser finds in the bytes that it executes, as start and end offsets. The functions must not
 * throw, and must not execute anything.
 */
export interface Finds {
  /** A part of a request's target. */
  onTarget(start: number, end: number): void;
  /** A part of a field's name. */
  onFieldName(start: number, end: number): void;
  /** A part of a field's value, with the white space after it. Empty if there is no value. */
  onFieldValue(start: number, end: number): void;
  /** A part of the body, without framing. */
  onBody(start: number, end: number): void;
  /**
   * The end of a head. The parser has its properties.
   *
   * @returns whether to stop there
   */
  onHead(): boolean;
}

/** Why executing has ended. */
export type Stop =
  /** All bytes are taken, and more are needed. */
  | "bytes"
  /** The head has ended, and `onHead` wanted to stop there. */
  | "head"
  /** The message has ended. */
  | "message"
  | ParseError;

/** The bytes are not HTTP/1.1. */
export interface ParseError {
  /** llhttp's name of the error, for example `HPE_INVALID_METHOD`. */
  readonly name: string;
  /** In llhttp's words. */
  readonly reason: string;
}

/** A parser of one message. */
export interface Parser {
  /** How many of the last bytes were taken. After an error: its position. */
  readonly taken: number;
  /** The method of a request whose head has ended. */
  readonly method: string;
  /** The status of an answer whose head has ended. */
  readonly status: number;
  readonly major: number;
  readonly minor: number;
  /**
   * Whether the connection may be used for another message. Valid only in `onHead` or directly afterwards.
   */
  readonly keepsAlive: boolean;
  /**
   * Executes bytes, at most to the end of the message.
   *
   * @throws {Error} if the parser was released
   */
  execute(bytes: Uint8Array): Stop;
  /** Handles the end of the connection, which completes an answer without a length. */
  finish(): Stop;
  /** Resets the parser to the start of a message. */
  reset(): void;
  /** Gives the parser back. It must not be used afterwards. */
  release(): void;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  _initialize(): void;
  malloc(bytes: number): number;
  llhttp_alloc(type: number): number;
  llhttp_reset(parser: number): void;
  llhttp_execute(parser: number, bytes: number, length: number): number;
  llhttp_finish(parser: number): number;
  llhttp_resume(parser: number): void;
  llhttp_get_method(parser: number): number;
  llhttp_get_status_code(parser: number): number;
  llhttp_get_http_major(parser: number): number;
  llhttp_get_http_minor(parser: number): number;
  llhttp_get_error_pos(parser: number): number;
  llhttp_get_error_reason(parser: number): number;
  llhttp_errno_name(errno: number): number;
  llhttp_method_name(method: number): number;
}

/** llhttp's numbers of the types. */
const TYPES = { request: 1, response: 2 } as const;
const OK = 0;
const PAUSED = 21;
const GO_ON = 0;

/** The most bytes that are executed at once. */
const WINDOW_BYTES = 65_536;

/** Of the executing parser. Executing is never interrupted by another parser. */
let finds: Finds;
/** What ended at the last pause. */
let pausedAt: "head" | "message" = "message";
/** Whether the connection may be kept after the last head. */
let keepsHead = false;
/** The offset in the bytes that corresponds to address 0. */
let shift = 0;
const methods: string[] = [];

const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasmIn(source)), {
  env: {
    wasm_on_message_begin: () => GO_ON,
    wasm_on_status: () => GO_ON,
    wasm_on_url(_parser: number, at: number, length: number) {
      finds.onTarget(at + shift, at + shift + length);
      return GO_ON;
    },
    wasm_on_header_field(_parser: number, at: number, length: number) {
      finds.onFieldName(at + shift, at + shift + length);
      return GO_ON;
    },
    wasm_on_header_value(_parser: number, at: number, length: number) {
      finds.onFieldValue(at + shift, at + shift + length);
      return GO_ON;
    },
    wasm_on_headers_complete(
      _parser: number,
      _status: number,
      _upgrade: number,
      keepsAlive: number,
    ) {
      keepsHead = keepsAlive !== 0;
      if (!finds.onHead()) return GO_ON;
      pausedAt = "head";
      return PAUSED;
    },
    wasm_on_body(_parser: number, at: number, length: number) {
      finds.onBody(at + shift, at + shift + length);
      return GO_ON;
    },
    wasm_on_message_complete() {
      pausedAt = "message";
      return PAUSED;
    },
  },
});
// WebAssembly does not say what a module exports.
const llhttp = exports as unknown as Exports;
llhttp._initialize();
const window = llhttp.malloc(WINDOW_BYTES);
let view = Buffer.from(llhttp.memory.buffer);

/** Returns the memory of llhttp. It may be replaced in any call, because it grows. */
function memory(): Buffer {
  if (view.buffer !== llhttp.memory.buffer) view = Buffer.from(llhttp.memory.buffer);
  return view;
}

function textAt(address: number): string {
  return memory().toString("latin1", address, memory().indexOf(0, address));
}

function methodOf(parser: number): string {
  const number = llhttp.llhttp_get_method(parser);
  return methods[number] ??= textAt(llhttp.llhttp_method_name(number));
}

/** Parsers that are not in use, by type. */
const free = { request: [] as number[], response: [] as number[] };

/**
 * Opens a parser at the start of a message.
 *
 * @param type the type of the message
 * @param to called with what the parser finds
 */
export function openParser(type: keyof typeof TYPES, to: Finds): Parser {
  let parser = free[type].pop() ?? llhttp.llhttp_alloc(TYPES[type]);
  llhttp.llhttp_reset(parser);
  let taken = 0;

  function stopOf(errno: number): Stop {
    if (errno === OK) return "bytes";
    if (errno !== PAUSED) {
      const name = textAt(llhttp.llhttp_errno_name(errno));
      return { name, reason: textAt(llhttp.llhttp_get_error_reason(parser)) };
    }
    llhttp.llhttp_resume(parser);
    return pausedAt;
  }

  return {
    get taken() {
      return taken;
    },
    get method() {
      return methodOf(parser);
    },
    get status() {
      return llhttp.llhttp_get_status_code(parser);
    },
    get major() {
      return llhttp.llhttp_get_http_major(parser);
    },
    get minor() {
      return llhttp.llhttp_get_http_minor(parser);
    },
    get keepsAlive() {
      return keepsHead;
    },
    execute(bytes) {
      if (parser === 0) throw new Error("the parser was released");
      taken = 0;
      while (taken < bytes.length) {
        const isWhole = taken === 0 && bytes.length <= WINDOW_BYTES;
        const part = isWhole ? bytes : bytes.subarray(taken, taken + WINDOW_BYTES);
        memory().set(part, window);
        shift = taken - window;
        finds = to;
        const errno = llhttp.llhttp_execute(parser, window, part.length);
        if (errno === OK) {
          taken += part.length;
          continue;
        }
        taken += llhttp.llhttp_get_error_pos(parser) - window;
        return stopOf(errno);
      }
      return "bytes";
    },
    finish() {
      if (parser === 0) throw new Error("the parser was released");
      finds = to;
      return stopOf(llhttp.llhttp_finish(parser));
    },
    reset: () => llhttp.llhttp_reset(parser),
    release() {
      if (parser !== 0) free[type].push(parser);
      parser = 0;
    },
  };
}

/**
 * Returns the program that is part of a module's source, in Base64. The module is not imported as a program,
 * because it exports a `Buffer`: a bundler makes a getter for each property of what a CommonJS module exports,
 * which are 54,000 here and take 12 MB.
 *
 * @throws {Error} if there is none
 */
function wasmIn(source: string): Uint8Array<ArrayBuffer> {
  const [, base64] = /'(AGFzb[\w+/=]+)'/.exec(source) ?? [];
  if (base64 === undefined) {
    throw new Error("expected a WebAssembly program in undici's llhttp-wasm.js, found none");
  }
  return Uint8Array.fromBase64(base64);
}
