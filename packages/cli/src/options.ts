import { parseArgs } from "node:util";
import { usageError } from "./errors.js";

/** An option of a command. */
export interface Option {
  readonly name: string;
  /** The letter after a single hyphen. */
  readonly short?: string;
  /** What its value is called in the help; absent for an option without a value. */
  readonly value?: string;
  /** The values that it may have. */
  readonly choices?: readonly string[];
  /** Whether it may be given more than once. */
  readonly many?: boolean;
  readonly text: string;
}

/** What follows a command on the command line. */
export class Given {
  readonly positionals: readonly string[];
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>, positionals: readonly string[]) {
    this.#values = values;
    this.positionals = positionals;
  }

  /** Whether an option without a value is given. */
  has(name: string): boolean {
    return this.#values[name] !== undefined;
  }

  /** The value of an option, if it is given. */
  text(name: string): string | undefined {
    const value = this.#values[name];
    return typeof value === "string" ? value : undefined;
  }

  /** The values of an option that may be given more than once. */
  texts(name: string): readonly string[] {
    const value = this.#values[name];
    return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
  }

  /** The value of an option that must be a number of at least 0, if it is given. */
  number(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text.trim() !== "" && value >= 0) return value;
    throw usageError(`--${name} is "${text}": pass a number.`);
  }
}

/** What a command line may consist of. */
export interface Grammar {
  readonly options: readonly Option[];
  /** The least and the most positionals; a command whose positionals are not limited has no second number. */
  readonly positionals: readonly [number, number?];
  /** How the command is written, for messages. */
  readonly usage: string;
}

/**
 * Reads a command line.
 *
 * @throws CommandError with exit code 2 for what the command does not know
 */
export function parse(args: readonly string[], { options, positionals, usage }: Grammar): Given {
  const known = Object.fromEntries(
    options.map(({ name, short, value, many }) => [
      name,
      {
        type: value === undefined ? ("boolean" as const) : ("string" as const),
        ...(short === undefined ? {} : { short }),
        ...(many === true ? { multiple: true } : {}),
      },
    ]),
  );
  const parsed = parsedArgs(args, known);
  const given = new Given(parsed.values, parsed.positionals);
  if (given.has("help")) return given;
  for (const { name, value, choices, many } of options) {
    if (value === undefined) continue;
    for (const text of many === true ? given.texts(name) : [given.text(name)]) {
      if (text === "") throw usageError(`--${name} is empty: pass ${value}.`);
      if (text !== undefined && choices && !choices.includes(text))
        throw usageError(`--${name} is "${text}": pass one of ${choices.join(", ")}.`);
    }
  }
  const [least, most = Infinity] = positionals;
  const count = given.positionals.length;
  if (count < least) throw usageError(`Something is missing: ${usage}`);
  if (count > most) throw usageError(`"${given.positionals[most] ?? ""}" is not expected here: ${usage}`);
  return given;
}

function parsedArgs(
  args: readonly string[],
  options: NonNullable<Parameters<typeof parseArgs>[0]>["options"],
): { readonly values: Readonly<Record<string, unknown>>; readonly positionals: readonly string[] } {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, ...(options ? { options } : {}) });
  } catch (error) {
    // The message would repeat a value that is a secret in the wrong place: it is cut at the option's name.
    const [, name] = error instanceof Error ? (/'((?:-\w, )?--?[\w-]+)/.exec(error.message) ?? []) : [];
    const isUnknown = error instanceof Error && /unknown option/i.test(error.message);
    if (name === undefined) throw usageError("The command line cannot be read: try --help.");
    throw usageError(
      isUnknown
        ? `${name} is not an option of this command: try --help.`
        : `${name} needs a value, or has one too many: try --help.`,
    );
  }
}
