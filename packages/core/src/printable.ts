/** Line ends and tabs, each run of which reads as one space. */
const BREAKS = /[\t\n\v\f\r\u0085\u2028\u2029]+/g;

/** What a terminal or a log viewer acts on instead of showing it: C0, DEL, C1, directional controls, half characters. */
const CONTROLS = /[\p{Cc}\p{Bidi_Control}\p{Surrogate}\u2028\u2029]/gu;

/**
 * Makes foreign text safe to print: it stays on one line, and cannot move the cursor or reverse the reading direction.
 * Line ends become spaces, other control characters are shown as `\u{1b}`.
 */
export function printable(text: string): string {
  return text
    .replace(BREAKS, " ")
    .replace(CONTROLS, (control) => `\\u{${control.charCodeAt(0).toString(16)}}`);
}

/** Whether text holds none of the characters that {@link printable} replaces. */
export function isPrintable(text: string): boolean {
  return text.search(CONTROLS) < 0;
}
