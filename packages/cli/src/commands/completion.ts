import { COMMANDS } from "../commands.js";
import type { Context } from "../context.js";
import { usageError } from "../errors.js";
import type { Option } from "../options.js";
import { profileNames } from "../profiles/profiles.js";
import { quoted } from "../shell.js";

/** `tessera completion`: prints a script for a shell. `profiles` prints the names of the profiles, for these scripts. */
export async function completion({ given }: Context): Promise<void> {
  const [shell = ""] = given.positionals;
  const scripts: Readonly<Record<string, () => string>> = {
    bash,
    zsh,
    fish,
    profiles: () => profileNames().join("\n"),
  };
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (!script) throw usageError(`"${shell}" is not a known shell: pass bash, zsh or fish.`);
  process.stdout.write(`${script()}\n`);
}

const names = COMMANDS.map(({ name }) => name);

/** Values of an option that are files, as far as its placeholder says so. */
const isFile = ({ value }: Option): boolean => value === "FILE";

function bash(): string {
  const cases = COMMANDS.map(({ name, options, words = [] }) => {
    const all = [...words, ...options.map((option) => `--${option.name}`)];
    return `    ${name}) words=${quoted(all.join(" "))} ;;`;
  });
  return `_tessera() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words=
  COMPREPLY=()
  case \${COMP_WORDS[1]}:$previous in
    *:--profile|*:-p) words=$(tessera completion profiles 2>/dev/null) ;;
${bashValues().join("\n")}
    *)
      if [ "$COMP_CWORD" -eq 1 ]; then words=${quoted(names.join(" "))}; else
      case \${COMP_WORDS[1]} in
${cases.join("\n")}
      esac; fi ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _tessera tessera`;
}

function zsh(): string {
  const commands = COMMANDS.map(({ name, text }) => `    ${quoted(`${name}:${text.replaceAll(":", " -")}`)}`);
  const cases = COMMANDS.map(({ name, options, words }) => {
    const rows = options.map((option) => `        ${quoted(zshOption(option))}`);
    const first = words ? [`        ${quoted(`1:word:(${words.join(" ")})`)}`] : [];
    return `      ${name}) _arguments \\\n${[...first, ...rows, "        '*:file:_files'"].join(" \\\n")} ;;`;
  });
  return `#compdef tessera
_tessera() {
  local -a commands
  commands=(
${commands.join("\n")}
  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  local command=$words[2]
  shift words; (( CURRENT-- ))
  case $command in
${cases.join("\n")}
  esac
}
compdef _tessera tessera`;
}

function zshOption(option: Option): string {
  const { name, value, choices, many, text } = option;
  const what = text.replaceAll(/[[\]:]/g, " ");
  const star = many === true ? "*" : "";
  if (value === undefined) return `${star}--${name}[${what}]`;
  const values = choices
    ? `(${choices.join(" ")})`
    : name === "profile"
      ? "($(tessera completion profiles 2>/dev/null))"
      : isFile(option)
        ? "_files"
        : " ";
  return `${star}--${name}[${what}]:${value}:${values}`;
}

function fish(): string {
  const first = COMMANDS.map(
    ({ name, text }) => `complete -c tessera -n __fish_use_subcommand -f -a ${name} -d ${quoted(text)}`,
  );
  const rows = COMMANDS.flatMap(({ name, options, words = [] }) => {
    const condition = `-n '__fish_seen_subcommand_from ${name}'`;
    return [
      ...words.map((word) => `complete -c tessera ${condition} -f -a ${word}`),
      ...options.map((option) => `complete -c tessera ${condition} ${fishOption(option)}`),
    ];
  });
  return [...first, ...rows].join("\n");
}

function fishOption(option: Option): string {
  const { name, short, value, choices, text } = option;
  const letter = short === undefined ? "" : ` -s ${short}`;
  const values = choices
    ? ` -x -a ${quoted(choices.join(" "))}`
    : name === "profile"
      ? " -x -a '(tessera completion profiles 2>/dev/null)'"
      : value === undefined
        ? " -f"
        : isFile(option)
          ? " -r"
          : " -x";
  return `-l ${name}${letter}${values} -d ${quoted(text)}`;
}

/** Patterns of bash for `COMMAND:OPTION`, with the values that may follow: options of one name differ between commands. */
function bashValues(): readonly string[] {
  return COMMANDS.flatMap(({ name: command, options }) =>
    options.flatMap((option) => {
      const pattern = `${command}:--${option.name}`;
      if (option.choices) return [`    ${pattern}) words=${quoted(option.choices.join(" "))} ;;`];
      return isFile(option) ? [`    ${pattern}) COMPREPLY=($(compgen -f -- "$current")); return ;;`] : [];
    }),
  );
}
