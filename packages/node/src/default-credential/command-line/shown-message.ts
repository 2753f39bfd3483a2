/** A run of characters that is long enough for a token of any provider; a GUID is shorter. */
const TOKEN_LIKE = /[\w+=.~-]{40}/;
const LONGEST_SHOWN = 500;

/** Returns what a tool says about its failure, unless it may hold a token. */
export function shownMessage(errors: string): string {
  const lines = errors.split("\n").flatMap((line) => line.trim() || []);
  const line = lines.find((it) => it.startsWith("ERROR:")) ?? lines.at(-1);
  if (line === undefined) return "it gives no reason";
  if (TOKEN_LIKE.test(line)) return "its message is not shown, because it may hold a token";
  return line.length > LONGEST_SHOWN ? `${line.slice(0, LONGEST_SHOWN)}…` : line;
}
