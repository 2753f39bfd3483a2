/**
 * Parses an absolute URL; returns `undefined` for any other text. In Node.js 20 and 22, `URL.canParse` rejects URLs with
 * Latin-1 letters, or ends the process, once V8 has optimized it.
 */
export function absoluteUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
