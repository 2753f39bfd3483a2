import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import type { LocalAuthorityOptions } from "../config/options.js";
import { environmentFormats, type EnvironmentFormat } from "../emulator/environment-text.js";
import type { HostName } from "../emulator/emulated-host.js";

/** What the arguments of the command line ask for. */
export interface GivenArguments {
  readonly options: LocalAuthorityOptions;
  readonly emulate?: HostName;
  readonly format: EnvironmentFormat;
  /** `true` for JSON, also in a terminal. */
  readonly json: boolean;
}

/** Thrown for arguments that mean nothing. */
export class UsageError extends Error {}

/** @throws {UsageError} */
export async function readArguments(args: readonly string[]): Promise<GivenArguments | "help"> {
  const values = parse(args);
  if (values.help === true) return "help";
  const options = {
    ...(values.config === undefined ? {} : await readConfig(values.config)),
    ...(values.port === undefined ? {} : { port: portOf(values.port) }),
    ...(values.http === undefined ? {} : { http: values.http }),
    ...(values["ca-file"] === undefined ? {} : { caFile: values["ca-file"] }),
  };
  return {
    options,
    // The authority checks the name.
    ...(values.emulate === undefined ? {} : { emulate: values.emulate as HostName }),
    format: formatOf(values.format, values.emulate),
    json: values.json === true,
  };
}

function parse(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        port: { type: "string" },
        http: { type: "boolean" },
        "ca-file": { type: "string" },
        config: { type: "string" },
        emulate: { type: "string" },
        format: { type: "string" },
        json: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    });
    return values;
  } catch (cause) {
    throw new UsageError(messageOf(cause), { cause });
  }
}

function formatOf(format: string | undefined, emulate: string | undefined): EnvironmentFormat {
  if (format !== undefined && emulate === undefined) throw new UsageError("--format needs --emulate.");
  const known = environmentFormats.find((each) => each === (format ?? "export"));
  if (known !== undefined) return known;
  throw new UsageError(
    `--format ${JSON.stringify(format)} is unknown: pass ${environmentFormats.join(", ")}.`,
  );
}

function portOf(text: string): number {
  if (/^\d+$/.test(text.trim())) return Number(text);
  throw new UsageError(`--port ${JSON.stringify(text)} is not a number: pass one from 0 to 65535.`);
}

/** Reads the file; `startLocalAuthority` checks its content, like any other option. */
async function readConfig(file: string): Promise<LocalAuthorityOptions> {
  const text = await readFile(file, "utf8");
  try {
    return JSON.parse(text) as LocalAuthorityOptions;
  } catch (error) {
    throw new Error(`${file} is not JSON: ${messageOf(error)}`, { cause: error });
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
