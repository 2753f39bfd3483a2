import { requireKnownOptions, requireRecord, wrongType } from "@tessera/core/internal";
import { ambientCredential, type AmbientCredential } from "../ambient-credential.js";
import { requireIdentity } from "../first-available.js";
import { checkTimeout } from "../options.js";
import { commandLineSource, type CommandLineSettings } from "./command-line-source.js";
import type { CommandLine } from "./command-line.js";
import { githubCli, type GithubCliOptions } from "./github-cli.js";
import { googleCloudCli, type GoogleCloudCliOptions } from "./google-cloud-cli.js";

/** Options of {@link commandLineToken}: which sign-in of the tool to use, and how long to wait for it. */
export interface CommandLineTokenOptions
  extends GithubCliOptions, GoogleCloudCliOptions, Omit<CommandLineSettings, "tenantId"> {}

const TOOLS: Readonly<Record<"gcloud" | "gh", (options: CommandLineTokenOptions) => CommandLine>> = {
  gcloud: googleCloudCli,
  gh: githubCli,
};

/**
 * Gives the token of the user who is signed in to the GitHub CLI (`gh`) or the Google Cloud CLI (`gcloud`), for the APIs
 * of GitHub or Google. It is never part of {@link createDefaultCredential}, and answers no scope of Microsoft's.
 *
 * @param tool `"gh"` or `"gcloud"`
 * @throws ClientConfigurationError `invalid_option`. The credential rejects with ClientAuthError `credential_unavailable`
 * when the tool is not installed or nobody is signed in, `command_line_error` when it fails; InteractionRequiredAuthError
 * when its user has to sign in again
 *
 * @example
 * ```ts
 * const github = createAuthenticatedFetch(commandLineToken("gh"), { scopes: [] });
 * // const response = await github("https://api.github.com/user");
 * ```
 */
export function commandLineToken(
  tool: "gcloud" | "gh",
  options: CommandLineTokenOptions = {},
): AmbientCredential {
  if (!Object.hasOwn(TOOLS, tool)) throw wrongType("tool", tool, '"gh" or "gcloud"');
  const known = { account: true, clock: true, hostname: true, processTimeoutInMs: true, user: true } as const;
  requireKnownOptions(requireRecord(options, "options"), known, "commandLineToken");
  checkTimeout(options.processTimeoutInMs);
  const { processTimeoutInMs, clock } = options;
  const source = commandLineSource(TOOLS[tool](options), { processTimeoutInMs, clock });
  return ambientCredential(async (request) => requireIdentity(source, await source.acquire(request)));
}
