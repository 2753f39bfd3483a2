import type { Context } from "../context.js";

/** The options that the local authority has under the same names. */
const OPTIONS = ["port", "ca-file", "config", "emulate", "format"] as const;
const FLAGS = ["http", "json"] as const;

/** `tessera dev`: starts the local authority in this process, with its own output, until `Ctrl+C`. */
export async function dev({ given, signal, endWith }: Context): Promise<void> {
  const args = [
    ...OPTIONS.flatMap((name) => {
      const value = given.text(name);
      return value === undefined ? [] : [`--${name}`, value];
    }),
    ...FLAGS.flatMap((name) => (given.has(name) ? [`--${name}`] : [])),
  ];
  const { runCommandLine } = await import("@tessera/local-authority");
  endWith(await runCommandLine(args, { program: "tessera dev", signal }));
}
