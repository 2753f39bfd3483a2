import { readFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import type { LocalAuthorityOptions } from "./config/options.js";
import { identitiesNotice, summary } from "./cli-summary.js";
import { environmentFormats, environmentText, type EnvironmentFormat } from "./emulator/environment-text.js";
import type { HostName } from "./emulator/emulated-host.js";
import { startLocalAuthority } from "./server/start.js";

const usage = `Usage: tessera-local-authority [options]

Starts an identity provider on localhost that speaks Microsoft Entra's protocol. It prints its address, apps and users:
to a terminal as a list, elsewhere as one line of JSON with url, caPem and tenants. Press Ctrl+C to stop it.

  --port NUMBER    TCP port (default 0: any free port)
  --http           plain HTTP instead of HTTPS
  --ca-file FILE   write the CA certificate to FILE, for example for NODE_EXTRA_CA_CERTS
  --config FILE    JSON file with the options of startLocalAuthority: tenants, lifetimes, …
  --emulate HOST   emulate a host with managed identities, and print the environment variables to set instead:
                   imds, app-service, arc, service-fabric, machine-learning, cloud-shell, aks
  --format FORMAT  the form of these variables: export (default, for a shell), env (a .env file), json
  --help           print this help
`;

const secretsNotice =
  "tessera-local-authority: the default client secrets and passwords are public, since every copy of this program has the " +
  "same ones. Use them, and this authority, for development and tests only.\n";

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let given: Given | "help";
  try {
    given = await readOptions(args);
  } catch (error) {
    return fail(error, "Try --help.");
  }
  if (given === "help") {
    process.stdout.write(usage);
    return 0;
  }
  try {
    const { options, emulate, format } = given;
    const authority = await startLocalAuthority(options);
    const { url, caPem, instanceMetadataUrl, config } = authority;
    const { caFile } = options;
    // Before anything is printed: a program that reads the output may stop this one at once.
    const stopped = new Promise((stop) => {
      process.once("SIGINT", stop);
      process.once("SIGTERM", stop);
    });
    if (emulate !== undefined) {
      // A failure ends the program, which must not wait for the authority then.
      const { environment } = await authority.emulate(emulate).catch(async (error: unknown) => {
        await authority.close();
        throw error;
      });
      process.stdout.write(environmentText(environment, format));
      process.stderr.write(identitiesNotice(url, config));
    } else {
      process.stdout.write(
        process.stdout.isTTY
          ? summary(url, config, caFile)
          : `${JSON.stringify({ url, caPem, caFile, instanceMetadataUrl, ...config })}\n`,
      );
    }
    process.stderr.write(secretsNotice);
    await stopped;
    await authority.close();
    return 0;
  } catch (error) {
    return fail(error, "");
  }
}

interface Given {
  readonly options: LocalAuthorityOptions;
  readonly emulate?: HostName;
  readonly format: EnvironmentFormat;
}

async function readOptions(args: readonly string[]): Promise<Given | "help"> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: "string" },
      http: { type: "boolean" },
      "ca-file": { type: "string" },
      config: { type: "string" },
      emulate: { type: "string" },
      format: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
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
  };
}

function formatOf(format: string | undefined, emulate: string | undefined): EnvironmentFormat {
  if (format !== undefined && emulate === undefined) throw new Error("--format needs --emulate.");
  const known = environmentFormats.find((each) => each === (format ?? "export"));
  if (known !== undefined) return known;
  throw new Error(`--format ${JSON.stringify(format)} is unknown: pass ${environmentFormats.join(", ")}.`);
}

function portOf(text: string): number {
  if (/^\d+$/.test(text.trim())) return Number(text);
  throw new Error(`--port ${JSON.stringify(text)} is not a number: pass one from 0 to 65535.`);
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

function fail(error: unknown, hint: string): number {
  const message = messageOf(error).replace(/(?<![.!?])$/, ".");
  process.stderr.write(`tessera-local-authority: ${[message, hint].join(" ").trim()}\n`);
  return 1;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
