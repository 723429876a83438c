/** A request before it is bytes: what can be changed about it. One character is one byte. @module */

/** A request, line by line. */
export interface Draft {
  /** What stands before the request line. */
  readonly before: string;
  readonly method: string;
  readonly target: string;
  readonly version: string;
  /** Header lines without their ends. */
  readonly fields: readonly string[];
  /** What the body says. */
  readonly payload: string;
  /** The body with its framing. */
  readonly body: string;
}

/** Writes it out. */
export function render({ before, method, target, version, fields, body }: Draft): string {
  const lines = [`${method} ${target} ${version}`, ...fields];
  return `${before}${lines.join("\r\n")}\r\n\r\n${body}`;
}

/** The draft without the fields of these names. */
export function without(draft: Draft, ...names: readonly string[]): Draft {
  const gone = (field: string) => names.some((name) => field.toLowerCase().startsWith(`${name}:`));
  return { ...draft, fields: draft.fields.filter((field) => !gone(field)) };
}

/** The draft with more fields, at its end. */
export function withFields(draft: Draft, ...fields: readonly string[]): Draft {
  return { ...draft, fields: [...draft.fields, ...fields] };
}

/** The draft with another body, framed by these fields. */
export function framed(draft: Draft, body: string, ...fields: readonly string[]): Draft {
  return { ...withFields(without(draft, "content-length", "transfer-encoding"), ...fields), body };
}

/** The payload in chunks. */
export function chunks(payload: string, size = 7, { extension = "", trailers = "" } = {}): string {
  let body = "";
  for (let at = 0; at < payload.length; at += size) {
    const chunk = payload.slice(at, at + size);
    body += `${chunk.length.toString(16)}${extension}\r\n${chunk}\r\n`;
  }
  return `${body}0${extension}\r\n${trailers}\r\n`;
}
