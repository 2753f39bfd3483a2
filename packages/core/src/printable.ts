/** Runs of line breaks and tabs, each replaced by one space. */
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;

/**
 * Characters that a terminal or log viewer interprets instead of showing: C0, DEL, C1, bidirectional controls,
 * unpaired surrogates.
 */
const CONTROLS = /[\p{Cc}\p{Bidi_Control}\p{Surrogate}\u2028\u2029]/gu;

/**
 * Makes an untrusted string safe to print: it stays on one line, and cannot move the cursor or reverse the reading
 * direction. Line breaks become spaces; other control characters are shown as `\u{1b}`.
 */
export function printable(text: string): string {
  if (text === "") return text;
  return text
    .replace(BREAKS, " ")
    .replace(CONTROLS, (control) => `\\u{${control.charCodeAt(0).toString(16)}}`);
}

/** Whether a string is free of characters that {@link printable} replaces. */
export function isPrintable(text: string): boolean {
  return text.search(CONTROLS) < 0;
}
