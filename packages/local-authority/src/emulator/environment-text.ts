/** How the command line prints environment variables. */
export type EnvironmentFormat = "export" | "env" | "json";

export const environmentFormats: readonly EnvironmentFormat[] = ["export", "env", "json"];

/** Formats environment variables for a POSIX shell, as a `.env` file, or as JSON. */
export function environmentText(
  environment: Readonly<Record<string, string>>,
  format: EnvironmentFormat,
): string {
  if (format === "json") return `${JSON.stringify(environment, undefined, 2)}\n`;
  const [prefix, quote] = format === "export" ? ["export ", shellQuote] : ["", fileQuote];
  return Object.entries(environment)
    .map(([name, value]) => `${prefix}${name}=${quote(value)}\n`)
    .join("");
}

/** Characters without a meaning of their own in a shell and in a `.env` file. */
const plain = /^[\w:/.@%+=,-]*$/;

/** Quotes a value for a POSIX shell, if it has to be. */
export function shellQuote(value: string): string {
  return plain.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}

/** Node.js and other readers take everything between the quotation marks literally. */
function fileQuote(value: string): string {
  if (plain.test(value)) return value;
  const mark = ["'", "`", '"'].find((each) => !value.includes(each)) ?? "'";
  return `${mark}${value}${mark}`;
}
