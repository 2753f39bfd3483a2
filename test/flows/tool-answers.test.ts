// What a tool prints decides between a token, nobody being signed in, and a refusal; a token never gets into an error.
// proves: node/src/default-credential/command-line/tool-answer.ts, node/src/default-credential/command-line/shown-message.ts,
// node/src/default-credential/command-line/azure-cli.ts, node/src/default-credential/command-line/azure-developer-cli.ts
import { describe, expect, test } from "@jest/globals";
import { azureCli } from "../../packages/node/src/default-credential/command-line/azure-cli.js";
import { azureDeveloperCli } from "../../packages/node/src/default-credential/command-line/azure-developer-cli.js";
import type { CommandLine } from "../../packages/node/src/default-credential/command-line/command-line.js";
import { githubCli } from "../../packages/node/src/default-credential/command-line/github-cli.js";
import { googleCloudCli } from "../../packages/node/src/default-credential/command-line/google-cloud-cli.js";
import { toolAnswer } from "../../packages/node/src/default-credential/command-line/tool-answer.js";

const request = { scopes: ["https://vault.azure.net/.default"], tenantId: "contoso.example" };
const failing = (errors: string, output = "") => ({ exitCode: 1, output, errors });
const answer = (tool: CommandLine, errors: string) => toolAnswer(tool, request, failing(errors), 10_000);
const secret = `eyJ${"a".repeat(400)}`;

const tools: readonly (readonly [name: string, tool: CommandLine, signIn: string])[] = [
  ["az", azureCli, "az login"],
  ["azd", azureDeveloperCli, "azd auth login"],
  ["gh", githubCli({}), "gh auth login"],
  ["gcloud", googleCloudCli({}), "gcloud auth login"],
];

describe("nobody is signed in where", () => {
  test.each<[string, CommandLine, string]>([
    ["az", azureCli, "ERROR: Please run 'az login' to setup account."],
    ["az", azureCli, "ERROR: No subscription found. Run 'az account set' to select a subscription."],
    ["az", azureCli, "ERROR: Can't find token from MSAL cache."],
    ["azd", azureDeveloperCli, "ERROR: not logged in, run `azd auth login` to login"],
    ["azd", azureDeveloperCli, "not logged in, run `azd login` to login"],
    [
      "azd",
      azureDeveloperCli,
      '{"error":"not logged in, run `azd auth login` to login","message":"m","suggestion":"s"}',
    ],
    ["gh", githubCli({}), "no oauth token"],
    ["gh", githubCli({}), "no oauth token found for github.com account alice"],
    ["gcloud", googleCloudCli({}), "ERROR: (gcloud.x) You do not currently have an active account selected."],
  ])("%s says", (name, tool, errors) => {
    expect(answer(tool, errors)).toEqual({
      unavailable: "nobody is signed in",
      remedy: expect.stringMatching(new RegExp(`^run ${name} `)),
    });
  });
});

test.each<[string, CommandLine, string]>([
  ["az", azureCli, "/bin/sh: 1: az: not found"],
  ["az", azureCli, "sh: az: command not found"],
  ["az", azureCli, "'az' is not recognized as an internal or external command"],
  ["azd", azureDeveloperCli, "bash: azd: command not found"],
])("%s is not installed where a shell says so", (name, tool, errors) => {
  expect(answer(tool, errors)).toMatchObject({ unavailable: `${name} is not installed` });
});

test.each(tools)("%s that cannot be run is told from one that is not installed", (name, tool) => {
  expect(toolAnswer(tool, request, "not_installed", 1)).toEqual({
    unavailable: `${name} is not installed`,
    remedy: expect.stringContaining("https://"),
  });
  expect(toolAnswer(tool, request, "not_started", 1)).toMatchObject({
    unavailable: `${name} cannot be started`,
  });
});

test.each<[string, CommandLine, string, string]>([
  [
    "az",
    azureCli,
    "ERROR: AADSTS50076: …\nInteractive authentication is needed. Please run:\naz login --scope https://vault.azure.net/.default",
    "run az login --scope https://vault.azure.net/.default --tenant contoso.example",
  ],
  [
    "azd",
    azureDeveloperCli,
    "ERROR: reauthentication required, run `azd auth login` to log in",
    "run azd auth login --scope https://vault.azure.net/.default --tenant-id contoso.example",
  ],
  [
    "gcloud",
    googleCloudCli({}),
    "ERROR: (gcloud.config.config-helper) Reauthentication failed.",
    "run gcloud auth login",
  ],
])("a user of %s who has to sign in again ends the chain, with the command", (_, tool, errors, command) => {
  expect(() => answer(tool, errors)).toThrow(
    expect.objectContaining({
      name: "InteractionRequiredAuthError",
      errorCode: "interaction_required",
      errorMessage: expect.stringContaining(command),
    }),
  );
});

test.each<[string, CommandLine, string, string]>([
  [
    "az",
    azureCli,
    "WARNING: x\nERROR: AADSTS50020: not in the tenant. Trace ID: 1\nTo fix it",
    "AADSTS50020: not in",
  ],
  [
    "azd",
    azureDeveloperCli,
    '{"error":"AADSTS50020: no","message":"m"}',
    "no token: AADSTS50020: no. Run azd",
  ],
  [
    "azd",
    azureDeveloperCli,
    '{"type":"consoleMessage","data":{"message":""}}\n{"type":"consoleMessage","data":{"message":"it is down"}}',
    "no token: it is down. Run azd",
  ],
  ["gh", githubCli({}), "", "it gives no reason"],
  ["gh", githubCli({}), `word ${"long ".repeat(1000)}`, "…"],
])("a refusal of %s is an error with its words", (_, tool, errors, words) => {
  expect(() => answer(tool, errors)).toThrow(
    expect.objectContaining({
      name: "ClientAuthError",
      errorCode: "command_line_error",
      errorMessage: expect.stringContaining(words),
    }),
  );
});

describe.each(tools)("an error of %s never holds what may be a token:", (_, tool) => {
  const ends = {
    "a failure that prints one": failing(`ERROR: the token ${secret} is not valid`),
    "a failure with one in its output": failing("ERROR: x", secret),
    "a GitHub token": failing(`token gho_${"A".repeat(36)}`),
    "an answer that is not JSON": { exitCode: 0, output: `${secret} ${secret}`, errors: secret },
    "an answer without an expiry": {
      exitCode: 0,
      output: JSON.stringify({ accessToken: secret, token: secret }),
      errors: "",
    },
    "an answer of another form": {
      exitCode: 0,
      output: JSON.stringify({ credential: [secret, { a: 1 }] }),
      errors: "",
    },
  };
  test.each(Object.entries(ends))("%s", (_name, end) => {
    let shown: string;
    try {
      shown = JSON.stringify(toolAnswer(tool, request, end, 1));
      // The GitHub CLI prints the token and nothing else.
      if (tool.program === "gh") return;
    } catch (error) {
      shown = `${String(error)} ${JSON.stringify(error)} ${(error as Error).stack}`;
    }
    expect(shown).toContain("command_line_error");
    expect(shown).not.toMatch(/eyJaaa|gho_A/);
  });
});

test("a warning beside a token does no harm", () => {
  const output = JSON.stringify({ accessToken: "first", expires_on: "1800000000", tenant: "t" });
  const run = { exitCode: 0, output, errors: "WARNING: run az login --scope some day" };
  expect(toolAnswer(azureCli, request, run, 1)).toEqual({
    accessToken: "first",
    expiresOn: 1_800_000_000_000,
    tenantId: "t",
  });
});
