/** Headers as they are kept here: names and values in turn, as they came. @module */

/** The value of the first header of that name. */
export function headerValue(headers: readonly string[], lowerCaseName: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i].toLowerCase() === lowerCaseName) return headers[i + 1];
  }
  return undefined;
}
