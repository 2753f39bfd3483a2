// A job proves itself with tokens that its host issues for a few minutes, for as long as the job runs.
// proves: node/src/credential/github-actions-token.ts, node/src/credential/azure-pipelines-token.ts,
// node/src/credential/renewed-token.ts, node/src/credential/token-service.ts, node/src/credential/jwt.ts
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { azurePipelinesToken, githubActionsToken, type ClientAssertionCallback } from "@tessera/node";
import { gate } from "../support/gate.js";
import { expectNoSecretIn } from "../support/nothing-kept.js";
import { signInWithCode } from "../support/sign-in-with-code.js";
import {
  startService,
  startWorkload,
  type FakeService,
  type ServiceAnswer,
  type Workload,
} from "../support/workload.js";

const scopes = ["https://graph.microsoft.com/.default"];
const jobToken = "the-token-of-the-job";
const context = { clientId: "workload" };

let workload: Workload;
let service: FakeService;
beforeAll(async () => {
  workload = await startWorkload();
  service = await startService();
});
afterAll(async () => {
  service.close();
  await workload.entra.close();
});
const environment = { ...process.env };
beforeEach(() => {
  Object.assign(process.env, {
    ACTIONS_ID_TOKEN_REQUEST_URL: `${service.url}/token?api-version=2.0`,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: jobToken,
    SYSTEM_OIDCREQUESTURI: `${service.url}/contoso/_apis/oidctoken`,
    SYSTEM_ACCESSTOKEN: jobToken,
    AZURESUBSCRIPTION_SERVICE_CONNECTION_ID: "the-connection",
  });
  jest.spyOn(Date, "now").mockImplementation(() => workload.entra.clock.now());
  service.clear();
  workload.entra.authority.clearRequests();
});
afterEach(() => {
  jest.restoreAllMocks();
  process.env = { ...environment };
});

interface Source {
  readonly make: () => ClientAssertionCallback;
  readonly member: string;
  readonly remedy: string;
}
const sources: readonly [string, Source][] = [
  ["githubActionsToken", { make: githubActionsToken, member: "value", remedy: "id-token: write" }],
  [
    "azurePipelinesToken",
    { make: azurePipelinesToken, member: "oidcToken", remedy: "maps SYSTEM_ACCESSTOKEN" },
  ],
];

describe.each(sources)("%s", (_, { make, member, remedy }) => {
  const issues = (claims?: object) => async (): Promise<ServiceAnswer> => ({
    body: { [member]: await workload.token({ jti: String(service.requests.length), ...claims }) },
  });

  it("signs in for an hour with tokens of five minutes, and asks for none on a cache hit", async () => {
    service.answer = issues();
    const clientAssertion = make();
    const client = workload.entra.confidential({
      auth: { clientId: "workload", clientSecret: undefined, clientAssertion },
    });
    for (let minute = 0; minute < 60; minute += 2) {
      const { fromCache } = await client.acquireTokenByClientCredential({ scopes, skipCache: true });
      expect(fromCache).toBe(false);
      workload.entra.clock.advance(120);
    }
    // Four minutes of each token's five are used.
    expect(service.requests.length).toBe(15);
    await client.acquireTokenByClientCredential({ scopes });
    workload.entra.clock.advance(600);
    await client.acquireTokenByClientCredential({ scopes });
    expect(service.requests.length).toBe(15);
  });

  it("fetches a fresh token when the server refuses the known one, and the code is not spent", async () => {
    service.answer = issues();
    const clientAssertion = make();
    const first = await clientAssertion(context);
    // The machine has slept: its clock stands still, the server's does not.
    const asleep = Date.now();
    jest.spyOn(Date, "now").mockImplementation(() => asleep);
    workload.entra.clock.advance(600);
    const client = workload.entra.confidential({
      auth: { clientId: "workload", clientSecret: undefined, clientAssertion },
    });
    const { account } = await signInWithCode(workload.entra, client, ["User.Read"]);
    expect(account?.username).toBe("alice@contoso.example");
    const sent = workload.entra.authority.requests.filter(({ endpoint }) => endpoint === "token");
    expect(sent.map(({ form }) => form["client_assertion"] === first)).toEqual([true, false]);
    expect(new Set(sent.map(({ form }) => form["code"])).size).toBe(1);
    expect(service.requests.length).toBe(2);
  });

  it("fetches once for concurrent callers", async () => {
    const opened = gate();
    service.answer = async () => {
      await opened.opened;
      return issues()();
    };
    const source = make();
    const calls = Array.from({ length: 20 }, () => source(context));
    opened.open();
    expect(new Set(await Promise.all(calls)).size).toBe(1);
    expect(service.requests.length).toBe(1);
  });

  it("uses the known token while the next one cannot be fetched, until it expires", async () => {
    service.answer = issues();
    const source = make();
    const first = await source(context);
    service.answer = () => ({ status: 503 });
    workload.entra.clock.advance(299);
    expect(await source(context)).toBe(first);
    workload.entra.clock.advance(1);
    await expect(source(context)).rejects.toThrow("HTTP 503");
    service.answer = issues();
    expect(await source(context)).not.toBe(first);
  });

  it("does not keep a token that does not say when it expires, nor one that has expired", async () => {
    for (const claims of [{ exp: undefined }, { iat: 5, exp: 10 }]) {
      service.answer = issues(claims);
      const source = make();
      expect(await source(context)).not.toBe(await source(context));
    }
  });

  it("counts the life of a token from when it came, on a machine whose clock is behind", async () => {
    const ahead = Math.floor(workload.entra.clock.now() / 1000) + 3600;
    service.answer = issues({ iat: ahead, exp: ahead + 300 });
    const source = make();
    const first = await source(context);
    workload.entra.clock.advance(239);
    expect(await source(context)).toBe(first);
    workload.entra.clock.advance(1);
    expect(await source(context)).not.toBe(first);
  });

  it("says when a service that is busy may be asked again", async () => {
    service.answer = () => ({ status: 429, headers: { "retry-after": "7" } });
    await expect(make()(context)).rejects.toMatchObject({ isRetryable: true, retryAfterSeconds: 7 });
  });

  it.each<[string, ServiceAnswer, RegExp]>([
    [
      "a redirect to a sign-in page",
      { status: 302, headers: { location: "/signin" } },
      /HTTP 302, a redirect/,
    ],
    ["a web page", { body: `<html>${jobToken}</html>` }, /HTTP 200, a web page/],
    ["nothing", {}, /HTTP 200 without a token: /],
    ["another member", { body: { token: "a.b.c" } }, /without a token: /],
    ["a text that is no JWT", { body: { value: "secret!", oidcToken: "secret!" } }, /without a token: /],
    ["a refusal", { status: 403, body: {} }, /HTTP 403 without a token: /],
    [
      "a refusal in its own words",
      { status: 400, body: { message: `There is no reference to ${jobToken}.` } },
      /HTTP 400 without a token \(There is no reference to \(hidden\)\.\): /,
    ],
  ])("refuses %s with a remedy, and nothing is sent", async (_answer, answer, message) => {
    service.answer = () => answer;
    const client = workload.entra.confidential({
      auth: { clientId: "workload", clientSecret: undefined, clientAssertion: make() },
    });
    const call = client.acquireTokenByClientCredential({ scopes });
    const error: unknown = await call.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ errorCode: "invalid_assertion", message: expect.stringMatching(message) });
    expect(error).toMatchObject({ message: expect.stringContaining(remedy) });
    expectNoSecretIn(error, [jobToken, "secret!"]);
    expect(service.requests.length).toBe(1);
    expect(workload.entra.tokenRequests()).toBe(0);
  });
});

describe("the request for a token", () => {
  it("of GitHub Actions has the audience and the job's token", async () => {
    service.answer = async () => ({ body: { value: await workload.token() } });
    await githubActionsToken()(context);
    await githubActionsToken("api://AzureADTokenExchangeChina")(context);
    expect(service.requests).toEqual(
      ["api%3A%2F%2FAzureADTokenExchange", "api%3A%2F%2FAzureADTokenExchangeChina"].map((audience) => ({
        method: "GET",
        url: `/token?api-version=2.0&audience=${audience}`,
        headers: expect.objectContaining({ authorization: `Bearer ${jobToken}` }),
      })),
    );
  });

  it("of Azure Pipelines names the service connection, and wants no sign-in page", async () => {
    service.answer = async () => ({ body: { oidcToken: await workload.token() } });
    await azurePipelinesToken()(context);
    await azurePipelinesToken({ serviceConnectionId: "of the call", systemAccessToken: "passed" })(context);
    const headers = { "content-type": "application/json", "x-tfs-fedauthredirect": "Suppress" };
    const path = "/contoso/_apis/oidctoken?api-version=7.1&serviceConnectionId=";
    expect(service.requests).toEqual([
      {
        method: "POST",
        url: `${path}the-connection`,
        headers: expect.objectContaining({ ...headers, authorization: `Bearer ${jobToken}` }),
      },
      {
        method: "POST",
        url: `${path}of+the+call`,
        headers: expect.objectContaining({ ...headers, authorization: "Bearer passed" }),
      },
    ]);
  });

  it("of Azure Pipelines that fails names what its support asks for", async () => {
    service.answer = () => ({ status: 401, headers: { "x-vss-e2eid": "e2e-1", "x-msedge-ref": "edge-2" } });
    await expect(azurePipelinesToken()(context)).rejects.toThrow(
      "For its support: x-vss-e2eid e2e-1, x-msedge-ref edge-2.",
    );
  });
});

describe("outside its host,", () => {
  it.each<[string, () => unknown, Record<string, string>, RegExp]>([
    ["githubActionsToken", githubActionsToken, {}, /no ACTIONS_ID_TOKEN_REQUEST_URL: .*id-token: write/],
    [
      "githubActionsToken without the job's token",
      githubActionsToken,
      { ACTIONS_ID_TOKEN_REQUEST_URL: "https://x" },
      /no ACTIONS_ID_TOKEN_REQUEST_TOKEN: .*id-token: write/,
    ],
    ["azurePipelinesToken", azurePipelinesToken, {}, /neither serviceConnectionId nor AZURESUBSCRIPTION/],
    [
      "azurePipelinesToken whose step does not map the job's token",
      () => azurePipelinesToken({ serviceConnectionId: "c" }),
      {},
      /neither systemAccessToken nor SYSTEM_ACCESSTOKEN: map it/,
    ],
    [
      "azurePipelinesToken elsewhere",
      () => azurePipelinesToken({ serviceConnectionId: "c", systemAccessToken: "t" }),
      {},
      /no SYSTEM_OIDCREQUESTURI: call it in a job/,
    ],
  ])("%s says what is missing", (_, make, variables, message) => {
    for (const name of Object.keys(process.env))
      if (/^(ACTIONS|SYSTEM|AZURESUBSCRIPTION)_/.test(name)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, variables);
    expect(make).toThrow(expect.objectContaining({ errorCode: "invalid_option" }));
    expect(make).toThrow(message);
  });

  it.each([
    ["ACTIONS_ID_TOKEN_REQUEST_URL", githubActionsToken],
    ["SYSTEM_OIDCREQUESTURI", azurePipelinesToken],
  ])("a job's token is not sent in clear to %s", (variable, make) => {
    process.env[variable] = "http://host.example/token";
    expect(make).toThrow("authority_uri_insecure");
  });
});
