/** Headers as lists of names and values in turn, unchanged. @module */

/** Returns the value of the first header with that name. */
export function headerValue(headers: readonly string[], lowerCaseName: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i].toLowerCase() === lowerCaseName) return headers[i + 1];
  }
  return undefined;
}

/** Removes spaces and tabs at the end. Other white space may be a byte of a character. */
export function withoutBlanks(value: string): string {
  let end = value.length;
  while (end > 0 && (value[end - 1] === " " || value[end - 1] === "\t")) end--;
  return value.slice(0, end);
}
