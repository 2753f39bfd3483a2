// The tokens of the GitHub CLI and the Google Cloud CLI: for their own APIs only, and from the environment if it has them.
// proves: node/src/default-credential/command-line/command-line-token.ts,
// node/src/default-credential/command-line/foreign-scopes.ts, node/src/default-credential/command-line/github-cli.ts,
// node/src/default-credential/command-line/google-cloud-cli.ts
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { commandLineToken, createAuthenticatedFetch, type CommandLineTokenOptions } from "@tessera/node";
import { createFakeTools, type FakeTools } from "../support/fake-tools.js";
import { createTestClock } from "../support/test-clock.js";

const clock = createTestClock();
let tools: FakeTools;
let environment: NodeJS.ProcessEnv;

beforeAll(() => {
  tools = createFakeTools();
});
afterAll(() => tools.close());
beforeEach(() => {
  tools.freshFolders();
  environment = { ...process.env };
});
afterEach(() => {
  process.env = environment;
});

const expiry = (): string => new Date(Math.floor(clock.now() / 1000) * 1000 + 3_600_000).toISOString();
const ANSWERS = {
  gh: (token: string) => ({ output: `${token}\n` }),
  gcloud: (token: string) => ({
    output: JSON.stringify({ credential: { access_token: token, token_expiry: expiry() } }),
  }),
};
const ACCOUNT_FILES = { gh: "hosts.yml", gcloud: "configurations/config_default" };

describe.each(["gh", "gcloud"] as const)("%s", (tool) => {
  const tokenOf = async (options: CommandLineTokenOptions = {}): Promise<string> =>
    (await commandLineToken(tool, { clock, ...options }).acquireToken({ scopes: [] })).accessToken;

  test("gives its token to fetch and to the Azure SDKs' interface, from one process", async () => {
    tools.answer(tool, ANSWERS[tool]("first"));
    const credential = commandLineToken(tool, { clock });
    const echo: typeof fetch = async (input) => new Response(new Request(input).headers.get("authorization"));
    const api = createAuthenticatedFetch(credential, { scopes: [], fetch: echo });
    expect(await (await api("https://api.example/user")).text()).toBe("Bearer first");
    const { token, expiresOnTimestamp } = await credential.getToken([]);
    expect([token, expiresOnTimestamp > clock.now()]).toEqual(["first", true]);
    expect(tools.runs(tool)).toHaveLength(1);
  });

  test("is asked again after another account was chosen", async () => {
    tools.answer(tool, ANSWERS[tool]("of-alice"));
    expect(await tokenOf()).toBe("of-alice");
    tools.answer(tool, ANSWERS[tool]("of-bob"));
    expect(await tokenOf()).toBe("of-alice");
    writeFileSync(join(tools.folder(tool), "access_tokens.db"), "");
    writeFileSync(join(tools.folder(tool), ACCOUNT_FILES[tool]), "");
    for (let turn = 0; turn < 10_000 && (await tokenOf()) !== "of-bob"; turn += 1)
      await new Promise((resolve) => setImmediate(resolve));
    expect(await tokenOf()).toBe("of-bob");
  });

  test.each([
    "https://graph.microsoft.com/.default",
    "https://management.azure.com//.default",
    "https://vault.azure.net/.default",
    "https://microsoft.com.evil.example/googleapis.com/",
    "https://googleapis.com.evil.example/",
    "https://github.com.evil.example/",
    "api://orders/.default",
    "499b84ac-1321-427f-aa17-267ca6975798/.default",
    "User.Read",
    "Mail.Read",
    "user_impersonation",
    "offline_access",
    "openid",
    "",
  ])("is not started for the scope %j", async (scope) => {
    tools.answer(tool, ANSWERS[tool]("first"));
    // A token that the environment has is not given either.
    process.env["GH_TOKEN"] = "of the environment";
    process.env["CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"] = tools.path("nothing");
    for (const scopes of [scope, [scope], ["repo", scope]]) {
      await expect(commandLineToken(tool, { clock }).getToken(scopes)).rejects.toMatchObject({
        errorCode: "invalid_option",
        errorMessage: expect.stringMatching(/scopes has .* and the token is for (GitHub|Google) only/),
      });
    }
    expect(tools.runs(tool)).toEqual([]);
  });

  test("that is not installed, or where nobody is signed in, is told apart from a failure", async () => {
    tools.uninstall(tool);
    await expect(tokenOf()).rejects.toMatchObject({ errorCode: "credential_unavailable" });
    await expect(tokenOf()).rejects.toThrow(`${tool} is not installed; install the`);
    const nobody = {
      gh: "no oauth token found for github.com",
      gcloud: "You do not currently have an active account selected.",
    };
    tools.answer(tool, { errors: nobody[tool], exitCode: 1 });
    await expect(tokenOf()).rejects.toThrow(`nobody is signed in; run ${tool} auth login`);
    tools.answer(tool, { errors: "ERROR: disk full", exitCode: 1 });
    await expect(tokenOf()).rejects.toMatchObject({ errorCode: "command_line_error" });
  });

  test("has no tenants, claims or users of its own to choose", async () => {
    tools.answer(tool, ANSWERS[tool]("first"));
    const credential = commandLineToken(tool, { clock });
    await expect(credential.acquireToken({ scopes: [], tenantId: "t" })).rejects.toThrow(
      "tenantId means nothing",
    );
    await expect(credential.acquireToken({ scopes: [], claims: "{}" })).rejects.toThrow(
      "claims means nothing",
    );
    for (const field of ["account", "authority", "oboAssertion"]) {
      await expect(credential.acquireToken({ scopes: [], ...{ [field]: "x" } })).rejects.toThrow(
        `${field} names an identity`,
      );
    }
  });
});

describe("gh", () => {
  const acquire = async (options: CommandLineTokenOptions = {}): Promise<string> =>
    (await commandLineToken("gh", { clock, ...options }).acquireToken({ scopes: ["repo", "read:org"] }))
      .accessToken;

  test.each<[string, Record<string, string>, CommandLineTokenOptions, string]>([
    ["GH_TOKEN", { GH_TOKEN: "a", GITHUB_TOKEN: "b" }, {}, "a"],
    ["GITHUB_TOKEN", { GITHUB_TOKEN: "b" }, {}, "b"],
    ["GH_TOKEN for data residency", { GH_TOKEN: "a" }, { hostname: "contoso.ghe.com" }, "a"],
    [
      "GH_ENTERPRISE_TOKEN for a server",
      { GH_ENTERPRISE_TOKEN: "c", GH_TOKEN: "a", GH_HOST: "git.contoso.example" },
      {},
      "c",
    ],
    [
      "GITHUB_ENTERPRISE_TOKEN for a server",
      { GITHUB_ENTERPRISE_TOKEN: "d" },
      { hostname: "git.contoso.example" },
      "d",
    ],
    [
      "the tool for a server, whatever GH_TOKEN is",
      { GH_TOKEN: "a" },
      { hostname: "git.contoso.example" },
      "of-the-tool",
    ],
    [
      "the tool for github.com, whatever GH_ENTERPRISE_TOKEN is",
      { GH_ENTERPRISE_TOKEN: "c" },
      {},
      "of-the-tool",
    ],
    ["the tool for a user by name", { GH_TOKEN: "a" }, { user: "alice" }, "of-the-tool"],
  ])("the token comes from %s", async (_, variables, options, token) => {
    tools.answer("gh", ANSWERS.gh("of-the-tool"));
    Object.assign(process.env, variables);
    expect(await acquire(options)).toBe(token);
    expect(tools.runs("gh")).toHaveLength(token === "of-the-tool" ? 1 : 0);
  });

  test("host and user reach the tool, and each has its own token", async () => {
    tools.answer("gh", ANSWERS.gh("first"));
    await acquire();
    await acquire({ hostname: "git.contoso.example", user: "alice" });
    process.env["GH_HOST"] = "other.example";
    await acquire();
    const command = ["auth", "token", "--hostname"];
    expect(tools.runs("gh")).toEqual([
      [...command, "github.com"],
      [...command, "git.contoso.example", "--user", "alice"],
      [...command, "other.example"],
    ]);
  });

  test("the lifetime of its token is assumed: one that the API refuses is asked for again", async () => {
    tools.answer("gh", ANSWERS.gh("first"));
    expect(await commandLineToken("gh", { clock }).acquireToken({ scopes: [] })).toMatchObject({
      hasAssumedLifetime: true,
      expiresOn: new Date(clock.now() + 3_600_000),
    });
    tools.answer("gh", ANSWERS.gh("second"));
    const picky: typeof fetch = async (input) =>
      new Response(null, {
        status: new Request(input).headers.get("authorization") === "Bearer second" ? 200 : 401,
      });
    const api = createAuthenticatedFetch(commandLineToken("gh", { clock }), { scopes: [], fetch: picky });
    expect((await api("https://api.github.com/user")).status).toBe(200);
  });
});

describe("gcloud", () => {
  const scopes = ["https://www.googleapis.com/auth/cloud-platform"];

  test("a token file wins over the sign-in, and is read each time", async () => {
    tools.answer("gcloud", ANSWERS.gcloud("of-the-tool"));
    const file = tools.path("google-token");
    writeFileSync(file, "of the file\n");
    process.env["CLOUDSDK_AUTH_ACCESS_TOKEN_FILE"] = file;
    const credential = commandLineToken("gcloud", { clock });
    expect(await credential.acquireToken({ scopes })).toMatchObject({ accessToken: "of the file" });
    writeFileSync(file, "of the next file\n");
    expect(await credential.acquireToken({ scopes })).toMatchObject({ accessToken: "of the next file" });
    expect(tools.runs("gcloud")).toEqual([]);
  });

  test("the account reaches the tool, and each has its own token", async () => {
    tools.answer("gcloud", ANSWERS.gcloud("first"));
    await commandLineToken("gcloud", { clock }).acquireToken({ scopes });
    await commandLineToken("gcloud", { clock, account: "alice@contoso.example" }).acquireToken({ scopes });
    process.env["CLOUDSDK_ACTIVE_CONFIG_NAME"] = "work";
    await commandLineToken("gcloud", { clock }).acquireToken({ scopes });
    const command = ["config", "config-helper", "--format", "json", "--quiet"];
    expect(tools.runs("gcloud")).toEqual([
      command,
      [...command, "--account", "alice@contoso.example"],
      command,
    ]);
  });
});

test.each([
  ["tool", () => commandLineToken("az" as "gh")],
  ["tool", () => commandLineToken("toString" as "gh")],
  ["hostname", () => commandLineToken("gh", { hostname: "--help" })],
  ["hostname", () => commandLineToken("gh", { hostname: "a b" })],
  ["user", () => commandLineToken("gh", { user: "" })],
  ["account", () => commandLineToken("gcloud", { account: "$(id)" })],
  ["processTimeoutInMs", () => commandLineToken("gh", { processTimeoutInMs: 0 })],
  ["processTimeoutInMs", () => commandLineToken("gh", { processTimeoutInMs: Infinity })],
])("a %s that cannot be used is refused at once", (field, create) => {
  expect(create).toThrow(expect.objectContaining({ errorMessage: expect.stringContaining(field) }));
});
