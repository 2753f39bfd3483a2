import { configurationJson } from "../console/about.js";
import { environmentText } from "../emulator/environment-text.js";
import { temporaryFolder } from "../emulator/temporary-folder.js";
import type { LocalAuthority } from "../server/local-authority.js";
import { startLocalAuthority } from "../server/start.js";
import { messageOf, readArguments, UsageError, type GivenArguments } from "./read-arguments.js";
import { identitiesNotice, summary } from "./summary.js";

/** Options of `runCommandLine`. All are optional. */
export interface CommandLineOptions {
  /** The name in the usage and in messages. Default `tessera-local-authority`. */
  readonly program?: string;
  /** Stops the authority when it is aborted. Default: `SIGINT`, `SIGTERM` and `SIGHUP` stop it. */
  readonly signal?: AbortSignal;
}

/**
 * Runs the command line of the local authority: starts it as the arguments say, prints where it is, and keeps it running until
 * it is stopped.
 *
 * @param args for example `["--port", "8443"]`
 * @param options the name of the program, and a signal that stops it
 * @returns the exit code: 0, 1 after an error, 2 for arguments that mean nothing
 *
 * @example
 * ```ts
 * import { runCommandLine } from "@tessera/local-authority";
 *
 * process.exitCode = await runCommandLine(["--help"], { program: "my-tool dev" });
 * ```
 */
export async function runCommandLine(
  args: readonly string[],
  options: CommandLineOptions = {},
): Promise<number> {
  const { program = "tessera-local-authority", signal } = options;
  // Before anything is printed: a program that reads the output may stop this one at once.
  const stop = signal === undefined ? signals() : { signal, forget: () => undefined };
  try {
    const given = await readArguments(args);
    if (given === "help") process.stdout.write(usage(program));
    else await serve(given, program, stop.signal);
    return 0;
  } catch (error) {
    const message = messageOf(error).replace(/(?<![.!?])$/, ".");
    const isUsage = error instanceof UsageError;
    process.stderr.write(`${program}: ${message}${isUsage ? " Try --help." : ""}\n`);
    return isUsage ? 2 : 1;
  } finally {
    stop.forget();
  }
}

async function serve(given: GivenArguments, program: string, signal: AbortSignal): Promise<void> {
  const { options, emulate, json } = given;
  const isForPerson = process.stdout.isTTY && !json && emulate === undefined;
  // Everything that a person copies works at once, so the certificate needs a file.
  const folder =
    isForPerson && options.http !== true && options.caFile === undefined
      ? await temporaryFolder()
      : undefined;
  try {
    const caFile = folder === undefined ? options.caFile : await folder.write("ca.pem", "");
    const authority = await startLocalAuthority({ ...options, ...(caFile === undefined ? {} : { caFile }) });
    try {
      if (emulate !== undefined) await printEnvironment(authority, given);
      else process.stdout.write(isForPerson ? forPerson(authority, caFile) : forProgram(authority, caFile));
      process.stderr.write(secretsNotice(program));
      if (!signal.aborted)
        await new Promise((stopped) => signal.addEventListener("abort", stopped, { once: true }));
    } finally {
      await authority.close();
    }
  } finally {
    await folder?.remove();
  }
}

async function printEnvironment(
  authority: LocalAuthority,
  { emulate, format }: GivenArguments,
): Promise<void> {
  if (emulate === undefined) return;
  const { environment } = await authority.emulate(emulate);
  process.stdout.write(environmentText(environment, format));
  process.stderr.write(identitiesNotice(authority.url, authority.config));
}

function forPerson({ url, config }: LocalAuthority, caFile: string | undefined): string {
  const { NO_COLOR, TERM } = process.env;
  return summary({
    url,
    config,
    caFile,
    platform: process.platform,
    isColored: (NO_COLOR ?? "") === "" && TERM !== "dumb",
  });
}

function forProgram(authority: LocalAuthority, caFile: string | undefined): string {
  return `${JSON.stringify(configurationJson({ ...authority, caFile }))}\n`;
}

/** The signals that end a program, as one. */
function signals(): { readonly signal: AbortSignal; readonly forget: () => void } {
  const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const controller = new AbortController();
  const abort = () => controller.abort();
  for (const name of names) process.once(name, abort);
  return {
    signal: controller.signal,
    forget: () => {
      for (const name of names) process.off(name, abort);
    },
  };
}

const usage = (program: string) => `Usage: ${program} [options]

Starts an identity provider on localhost that speaks Microsoft Entra's protocol. It prints its address, apps and users:
to a terminal for a person, elsewhere as one line of JSON with url, caPem and tenants. A browser that opens the address
gets a console. Press Ctrl+C to stop it.

  --port NUMBER    TCP port (default 0: any free port)
  --http           plain HTTP instead of HTTPS
  --ca-file FILE   write the CA certificate to FILE, for example for NODE_EXTRA_CA_CERTS
  --config FILE    JSON file with the options of startLocalAuthority: tenants, lifetimes, …
  --json           print JSON, also to a terminal
  --emulate HOST   emulate a host with managed identities, and print the environment variables to set instead:
                   imds, app-service, arc, service-fabric, machine-learning, cloud-shell, aks
  --format FORMAT  the form of these variables: export (default, for a shell), env (a .env file), json
  --help           print this help
`;

const secretsNotice = (program: string) =>
  `${program}: the default client secrets and passwords are public, since every copy of this program has the ` +
  "same ones. Use them, and this authority, for development and tests only.\n";
