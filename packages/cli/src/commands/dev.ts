import type { Context } from "../context.js";

/** The options that the local authority has under the same names. */
const OPTIONS = ["port", "ca-file", "config", "emulate", "format"] as const;
const FLAGS = ["http", "json"] as const;

/** `tessera dev`: starts the local authority in this process, with its own output, until `Ctrl+C`. */
export async function dev({ given, endWith }: Context): Promise<void> {
  const args = [
    ...OPTIONS.flatMap((name) => {
      const value = given.text(name);
      return value === undefined ? [] : [`--${name}`, value];
    }),
    ...FLAGS.flatMap((name) => (given.has(name) ? [`--${name}`] : [])),
  ];
  // The package's own command, beside its functions.
  const program = new URL("cli.js", import.meta.resolve("@tessera/local-authority"));
  process.argv.splice(2, Infinity, ...args);
  await import(program.href);
  endWith(Number(process.exitCode ?? 0));
}
