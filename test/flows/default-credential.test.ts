// One credential for a laptop and an Azure host: the first source with an identity is used, and nothing falls through.
// proves: node/src/default-credential/default-credential.ts, node/src/default-credential/first-available.ts,
// node/src/default-credential/sources.ts, node/src/default-credential/source.ts, node/src/default-credential/options.ts,
// node/src/default-credential/ambient-credential.ts, node/src/default-credential/managed-identity.ts
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import {
  createDefaultCredential,
  type LogLevel,
  type AuthError,
  type DefaultCredentialOptions,
  type INetworkModule,
} from "@tessera/node";
import { eventually } from "../support/eventually.js";
import { azdToken, azToken, createFakeTools, type FakeTools } from "../support/fake-tools.js";
import { createTestClock } from "../support/test-clock.js";

const scopes = ["https://vault.azure.net/.default"];
const clock = createTestClock();
const inAnHour = clock.now() + 3_600_000;
let tools: FakeTools;
let environment: NodeJS.ProcessEnv;
let host: Server;
let hostUrl: string;
/** What the host of a managed identity answers. */
let hostAnswer: { status: number; body: object };
let hostRequests: string[];

beforeAll(async () => {
  tools = createFakeTools();
  host = createServer((request, response) => {
    hostRequests.push(request.url ?? "");
    response.writeHead(hostAnswer.status, { "content-type": "application/json" });
    response.end(JSON.stringify(hostAnswer.body));
  });
  host.listen(0, "127.0.0.1");
  await once(host, "listening");
  hostUrl = `http://127.0.0.1:${(host.address() as AddressInfo).port}`;
});
afterAll(() => {
  host.close();
  tools.close();
});
beforeEach(() => {
  tools.freshFolders();
  environment = { ...process.env };
  hostRequests = [];
  const token = {
    access_token: "of-the-host",
    expires_on: String(Math.floor(inAnHour / 1000)),
    token_type: "Bearer",
  };
  hostAnswer = { status: 200, body: token };
});
afterEach(() => {
  process.env = environment;
});

/** The applications of a process with one clock share the tokens of the managed identity. */
const ownClock = () => ({ now: clock.now });

/** A network where the metadata service of virtual machines answers as given. */
function metadataService(answer: () => Promise<{ status: number; body: object }>) {
  const requests: string[] = [];
  const send = async (url: string) => {
    requests.push(url);
    return { headers: {}, ...(await answer()) };
  };
  const networkClient = { sendGetRequestAsync: send, sendPostRequestAsync: send } as INetworkModule;
  return { requests, system: { clock: ownClock(), networkClient, disableInternalRetries: true } };
}
const failure = (code: string) => async (): Promise<never> => {
  throw Object.assign(new Error(`connect ${code} 169.254.169.254:80`), { code });
};
const answering = (answer: () => Promise<{ status: number; body: object }>): DefaultCredentialOptions => ({
  system: metadataService(answer).system,
});
/** A laptop: nothing answers at the address of the metadata service. */
const laptop = () => metadataService(failure("EHOSTUNREACH"));

const onAppService = (): void => {
  Object.assign(process.env, { IDENTITY_ENDPOINT: `${hostUrl}/msi/token`, IDENTITY_HEADER: "secret" });
};
const signedIn = (): void => {
  tools.answer("az", azToken("of-az", inAnHour));
  tools.answer("azd", azdToken("of-azd", inAnHour));
};
const notSignedIn = (): void => {
  tools.answer("az", { exitCode: 1, errors: "ERROR: Please run 'az login' to setup account." });
  tools.answer("azd", { exitCode: 1, errors: "not logged in, run `azd auth login` to login" });
};
const tokenOf = async (options: DefaultCredentialOptions = {}): Promise<string> =>
  (await createDefaultCredential({ system: laptop().system, ...options }).acquireToken({ scopes }))
    .accessToken;

describe("the first source with an identity is used:", () => {
  test("the managed identity that the host announces, before developers' sign-ins", async () => {
    signedIn();
    onAppService();
    expect(await tokenOf({ system: { clock: ownClock() } })).toBe("of-the-host");
    expect(hostRequests[0]).toContain("resource=https%3A%2F%2Fvault.azure.net");
    expect(tools.runs("az")).toEqual([]);
  });

  test("az before azd", async () => {
    signedIn();
    expect(await tokenOf()).toBe("of-az");
    expect(tools.runs("azd")).toEqual([]);
  });

  test.each<[string, () => void]>([
    ["az is not installed", () => tools.uninstall("az")],
    ["nobody is signed in to az", () => tools.answer("az", { exitCode: 1, errors: "Please run 'az login'" })],
  ])("azd, if %s", async (_, prepare) => {
    signedIn();
    prepare();
    expect(await tokenOf()).toBe("of-azd");
  });
});

test.each<[string, DefaultCredentialOptions, Record<string, string>, string | undefined]>([
  ["the option", { managedIdentityClientId: "named" }, { AZURE_CLIENT_ID: "other" }, "named"],
  ["AZURE_CLIENT_ID", {}, { AZURE_CLIENT_ID: "named" }, "named"],
  ["nothing", {}, {}, undefined],
])("the managed identity is named by %s", async (_, options, variables, name) => {
  onAppService();
  Object.assign(process.env, variables);
  await tokenOf({ ...options, system: { clock: ownClock() } });
  expect(new URL(hostRequests[0] ?? "", hostUrl).searchParams.get("client_id")).toBe(name ?? null);
});

describe("a refusal ends the chain with its error:", () => {
  const refusals: readonly (readonly [string, () => DefaultCredentialOptions, object])[] = [
    [
      "of an announced managed identity",
      () => {
        onAppService();
        hostAnswer = { status: 400, body: { statusCode: 400, message: "no such identity" } };
        return { system: { clock: ownClock() } };
      },
      { errorMessage: expect.stringContaining("no such identity") },
    ],
    [
      "of a metadata service that has an identity",
      () => answering(async () => ({ status: 400, body: { error: "invalid_resource" } })),
      { errorCode: "invalid_resource" },
    ],
    [
      "of a metadata service that does not have the identity by name",
      () => ({
        ...answering(async () => ({ status: 400, body: { error: "invalid_request" } })),
        managedIdentityClientId: "named",
      }),
      { errorCode: "invalid_request" },
    ],
    [
      "of a metadata service that is down",
      () => answering(async () => ({ status: 500, body: {} })),
      { errorCode: "server_error" },
    ],
    [
      "of a metadata service whose connection breaks",
      () => answering(failure("ECONNRESET")),
      { errorCode: "network_error" },
    ],
    [
      "of az",
      () => {
        tools.answer("az", { exitCode: 1, errors: "ERROR: AADSTS50020: not in this tenant" });
        return { system: laptop().system };
      },
      { errorCode: "command_line_error", errorMessage: expect.stringContaining("AADSTS50020") },
    ],
    [
      "of az, whose user has to sign in again",
      () => {
        tools.answer("az", { exitCode: 1, errors: "Interactive authentication is needed." });
        return { system: laptop().system };
      },
      { name: "InteractionRequiredAuthError" },
    ],
    [
      "of az, which prints no token",
      () => {
        tools.answer("az", { output: "{}" });
        return { system: laptop().system };
      },
      { errorCode: "command_line_error" },
    ],
  ];
  test.each(refusals)("%s", async (name, prepare, error) => {
    signedIn();
    const credential = createDefaultCredential(prepare());
    const calls = Array.from({ length: 10 }, () => credential.acquireToken({ scopes }));
    for (const call of await Promise.allSettled(calls)) {
      expect(call.status).toBe("rejected");
      expect((call as PromiseRejectedResult).reason).toMatchObject(error);
    }
    expect(tools.runs("az")).toHaveLength(name.startsWith("of az") ? 1 : 0);
    expect(tools.runs("azd")).toEqual([]);
  });
});

test.each<[string, () => Promise<{ status: number; body: object }>]>([
  ["no connection", failure("ECONNREFUSED")],
  ["no connection in time", failure("UND_ERR_CONNECT_TIMEOUT")],
  ["another cloud", async () => ({ status: 404, body: {} })],
  ["a container platform", async () => ({ status: 403, body: {} })],
  [
    "a virtual machine without an identity",
    async () => ({ status: 400, body: { error: "invalid_request" } }),
  ],
])("a metadata service that nothing has announced may be absent: %s", async (_, answer) => {
  signedIn();
  expect(await tokenOf({ system: metadataService(answer).system })).toBe("of-az");
});

describe("what worked is remembered:", () => {
  test("a hundred callers cause one search, and every later call asks that source only", async () => {
    signedIn();
    const { requests, system } = laptop();
    const credential = createDefaultCredential({ system });
    const apis = ["https://vault.azure.net/.default", "https://graph.microsoft.com/.default"];
    const calls = Array.from({ length: 100 }, (_, index) =>
      credential.acquireToken({ scopes: [apis[index % 2] ?? ""] }),
    );
    const tokens = (await Promise.all(calls)).map(({ accessToken }) => accessToken);
    expect(new Set(tokens)).toEqual(new Set(["of-az"]));
    expect(requests).toHaveLength(1);
    expect(tools.runs("az")).toHaveLength(2);

    onAppService();
    expect((await credential.acquireToken({ scopes })).accessToken).toBe("of-az");
    notSignedIn();
    tools.answer("azd", azdToken("of-azd", inAnHour));
    await expect(
      credential.acquireToken({ scopes: ["https://storage.azure.com/.default"] }),
    ).rejects.toMatchObject({
      errorCode: "credential_unavailable",
      errorMessage: "Azure CLI: nobody is signed in; run az login.",
    });
    expect([requests.length, tools.runs("azd").length]).toEqual([1, 0]);
  });

  test("after a failed search, the next call searches again", async () => {
    notSignedIn();
    const credential = createDefaultCredential({ system: laptop().system });
    await expect(credential.acquireToken({ scopes })).rejects.toMatchObject({
      errorCode: "credential_unavailable",
    });
    signedIn();
    expect((await credential.acquireToken({ scopes })).accessToken).toBe("of-az");
  });

  test("a caller who leaves does not end the search of the others", async () => {
    signedIn();
    let arrived = false;
    let answer = (): void => undefined;
    const { system } = metadataService(async () => {
      arrived = true;
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return failure("EHOSTUNREACH")();
    });
    const credential = createDefaultCredential({ system });
    const controller = new AbortController();
    const first = credential.getToken(scopes, { abortSignal: controller.signal });
    const second = credential.getToken(scopes);
    await eventually(() => arrived);
    controller.abort();
    await expect(first).rejects.toMatchObject({ errorCode: "request_aborted" });
    answer();
    expect((await second).token).toBe("of-az");
  });

  test("the log names it, once", async () => {
    signedIn();
    const lines: string[] = [];
    const loggerOptions = { loggerCallback: (_: LogLevel, line: string) => void lines.push(line) };
    const credential = createDefaultCredential({ system: { ...laptop().system, loggerOptions } });
    await credential.acquireToken({ scopes });
    await credential.acquireToken({ scopes });
    expect(lines.filter((line) => line.includes("has found its identity: Azure CLI"))).toHaveLength(1);
  });
});

test("when there is no identity, one error lists each attempt with its reason and remedy", async () => {
  tools.uninstall("az");
  tools.answer("azd", { exitCode: 1, errors: "not logged in, run `azd auth login` to login" });
  const error = await tokenOf().then(
    (token) => {
      throw new Error(`unexpected ${token}`);
    },
    (reason: unknown) => reason as AuthError,
  );
  expect(error).toMatchObject({ name: "ClientAuthError", errorCode: "credential_unavailable" });
  const parts = error.errorMessage.split(/ \(\d\) /).slice(1);
  expect(parts).toEqual([
    expect.stringMatching(/^environment: AZURE_TENANT_ID and .* are not set; set these variables/),
    expect.stringMatching(/^workload identity: AZURE_FEDERATED_TOKEN_FILE and .* are not set; on Kubernetes/),
    expect.stringMatching(
      /^managed identity: this machine has no instance metadata service; run the program on an/,
    ),
    expect.stringMatching(/^Azure CLI: az is not installed; install the Azure CLI, https:/),
    "Azure Developer CLI: nobody is signed in; run azd auth login.",
  ]);
  expect((error.cause as AggregateError).errors).toHaveLength(5);
});

test.each<[string, () => unknown]>([
  ["tenantId", () => createDefaultCredential({ tenantId: "" })],
  ["managedIdentityClientId", () => createDefaultCredential({ managedIdentityClientId: "" })],
  ["managedIdentityClientId", () => createDefaultCredential({ managedIdentityClientId: 1 as never })],
  ["developerCache", () => createDefaultCredential({ developerCache: "" })],
  ["developerCache", () => createDefaultCredential({ developerCache: { appName: "" } })],
  ["developerCache", () => createDefaultCredential({ developerCache: {} as { appName: string } })],
  ["processTimeoutInMs", () => createDefaultCredential({ processTimeoutInMs: -1 })],
  ["managedIdentityClientID", () => createDefaultCredential({ managedIdentityClientID: "typo" } as object)],
  ["options", () => createDefaultCredential("az" as never)],
])("%s is refused at once if it cannot be meant", (name, create) => {
  expect(create).toThrow(
    expect.objectContaining({ errorCode: "invalid_option", errorMessage: expect.stringContaining(name) }),
  );
});
