// The tokens of a managed identity: cached for the whole process, acquired once, renewed before they expire.
// proves: node/src/managed-identity/managed-identity-application.ts, node/src/managed-identity/shared-cache.ts
// proves: node/src/managed-identity/managed-identity-tokens.ts, node/src/managed-identity/configuration.ts, node/src/check-values.ts
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, test } from "@jest/globals";
import { LogLevel, ManagedIdentityApplication, type ManagedIdentityConfiguration } from "@tessera/node";
import { eventually } from "../support/eventually.js";
import { ENVIRONMENTS, ourApp, setEnvironment } from "../support/managed-identity-stage.js";
import { startMetadataEndpoint, token, type MetadataEndpoint } from "../support/metadata-endpoint.js";
import { createTestClock, type TestClock } from "../support/test-clock.js";

const resource = "https://vault.azure.net";

let endpoint: MetadataEndpoint;
let clock: TestClock;
let restore = (): void => undefined;
beforeAll(async () => {
  endpoint = await startMetadataEndpoint();
});
beforeEach(() => {
  clock = createTestClock();
  restore = setEnvironment(ENVIRONMENTS.AppService(endpoint.origin));
  endpoint.requests.length = 0;
  endpoint.respond = () => lasting(86_400);
});
afterEach(() => restore());
afterAll(() => endpoint.close());

/** A token that is different each time. */
const lasting = (seconds: number, over: object = {}) => {
  const expires_on = String(Math.floor(clock.now() / 1000) + seconds);
  return { body: token({ access_token: `token ${endpoint.requests.length}`, expires_on, ...over }) };
};
const app = (configuration: ManagedIdentityConfiguration = {}) => ourApp(configuration, clock);
const user = (userAssignedClientId: string) => app({ managedIdentityIdParams: { userAssignedClientId } });

describe("a token", () => {
  it("is acquired once for all concurrent callers of all applications with the same identity", async () => {
    const apps = Array.from({ length: 10 }, () => app());
    const results = await Promise.all(
      apps.flatMap((each, at) =>
        Array.from({ length: 10 }, (_, caller) =>
          each.acquireToken({ resource, correlationId: `${at}-${caller}` }),
        ),
      ),
    );
    expect(endpoint.requests).toHaveLength(1);
    expect(new Set(results.map(({ accessToken }) => accessToken))).toEqual(new Set(["token 1"]));
    // Each result is the caller's own.
    expect(results.map(({ correlationId }) => correlationId)).toContain("7-3");
    expect(await app().acquireToken({ resource })).toMatchObject({ accessToken: "token 1", fromCache: true });
  });

  it("is never that of another identity or resource", async () => {
    const tokens = [
      await app().acquireToken({ resource }),
      await user("one").acquireToken({ resource }),
      await user("two").acquireToken({ resource }),
      await app({ managedIdentityIdParams: { userAssignedObjectId: "three" } }).acquireToken({ resource }),
      await app().acquireToken({ resource: "https://other" }),
    ];
    expect(tokens.map(({ accessToken }) => accessToken)).toEqual(
      [1, 2, 3, 4, 5].map((count) => `token ${count}`),
    );
    expect(await user("one").acquireToken({ resource })).toMatchObject({
      accessToken: "token 2",
      fromCache: true,
    });
  });

  it("is acquired at the same time for callers with different capabilities, who get different tokens", async () => {
    await Promise.all([
      app().acquireToken({ resource }),
      app({ clientCapabilities: ["CP1"] }).acquireToken({ resource }),
    ]);
    expect(endpoint.requests.map(({ query }) => query.filter(([name]) => name === "xms_cc"))).toEqual(
      expect.arrayContaining([[], [["xms_cc", "CP1"]]]),
    );
  });

  it("is found by the resource that was asked for, also if the host names it differently", async () => {
    endpoint.respond = () => lasting(3600, { resource: `${resource}/` });
    const { scopes } = await app().acquireToken({ resource });
    expect(scopes).toEqual([`${resource}/`]);
    expect(await app().acquireToken({ resource })).toMatchObject({ fromCache: true });
    expect(await app().acquireToken({ resource: `${resource}/.default` })).toMatchObject({ fromCache: true });
  });

  it.each([
    ["at half of a lifetime of more than two hours", 86_400, {}, 43_200],
    ["when the host says", 86_400, { refresh_in: "1000" }, 1000],
    ["when the host says, of a short lifetime", 3600, { refresh_in: 600 }, 600],
    [
      "at half of the lifetime if the host names a time after its end",
      86_400,
      { refresh_in: 86_401 },
      43_200,
    ],
  ])("is renewed %s, and served meanwhile", async (_, lifetime, over, seconds) => {
    endpoint.respond = () => lasting(lifetime, over);
    const { refreshOn } = await app().acquireToken({ resource });
    expect(Math.round(((refreshOn?.getTime() ?? 0) - clock.now()) / 1000)).toBeCloseTo(seconds, -1);
    clock.advance(seconds - 2);
    await app().acquireToken({ resource });
    expect(endpoint.requests).toHaveLength(1);
    clock.advance(3);
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    endpoint.respond = async () => {
      await gate;
      return lasting(lifetime, over);
    };
    const due = await Promise.all([app(), app()].map((each) => each.acquireToken({ resource })));
    expect(due).toMatchObject([{ accessToken: "token 1" }, { accessToken: "token 1" }]);
    release();
    await eventually(() => endpoint.requests.length === 2);
    const current = () => app().acquireToken({ resource });
    let seen = "";
    await eventually(() => {
      void current().then(({ accessToken }) => (seen = accessToken));
      return seen === "token 2";
    });
    expect(endpoint.requests).toHaveLength(2);
  });

  it("of at most two hours without refresh_in is used until shortly before its end", async () => {
    endpoint.respond = () => lasting(7200);
    expect(await app().acquireToken({ resource })).toMatchObject({ refreshOn: undefined });
    clock.advance(7200 - 301);
    expect(await app().acquireToken({ resource })).toMatchObject({ fromCache: true });
    clock.advance(2);
    expect(await app().acquireToken({ resource })).toMatchObject({
      fromCache: false,
      accessToken: "token 2",
    });
  });

  it("stays in use when its renewal fails, and the failure is logged", async () => {
    const lines: string[] = [];
    const loggerOptions = {
      logLevel: LogLevel.Warning,
      loggerCallback: (_: LogLevel, line: string) => void lines.push(line),
    };
    const logging = app({ system: { clock, loggerOptions } });
    await logging.acquireToken({ resource });
    clock.advance(43_201);
    endpoint.respond = () => ({ status: 400, body: { error: "invalid_request", error_description: "no" } });
    expect(await logging.acquireToken({ resource })).toMatchObject({ accessToken: "token 1" });
    await eventually(() => lines.some((line) => line.includes("Renewing the token failed")));
    expect(await logging.acquireToken({ resource })).toMatchObject({ accessToken: "token 1" });
  });

  it("lives as long as the host says, however long its answer took", async () => {
    endpoint.respond = () => {
      clock.advance(60);
      return lasting(3600);
    };
    const { expiresOn } = await app().acquireToken({ resource });
    expect((expiresOn?.getTime() ?? 0) / 1000 - Math.floor(clock.now() / 1000)).toBe(3600);
  });
});

test("a caller can leave, and the others still get the token", async () => {
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  endpoint.respond = async () => {
    await gate;
    return lasting(3600);
  };
  const leaving = new AbortController();
  const left = app().acquireToken({ resource, signal: leaving.signal });
  const stays = app().acquireToken({ resource });
  await eventually(() => endpoint.requests.length === 1);
  leaving.abort();
  await expect(left).rejects.toMatchObject({ errorCode: "request_aborted" });
  release();
  expect(await stays).toMatchObject({ accessToken: "token 1" });
});

test("refusedToken is replaced", async () => {
  const { accessToken } = await app().acquireToken({ resource });
  expect(await app().acquireToken({ resource, refusedToken: accessToken })).toMatchObject({
    accessToken: "token 2",
  });
  expect(await app().acquireToken({ resource, refusedToken: accessToken })).toMatchObject({
    accessToken: "token 2",
  });
});

test("the secret of the host appears in no log line, not even of an error that repeats it", async () => {
  const lines: string[] = [];
  const loggerOptions = {
    logLevel: LogLevel.Trace,
    piiLoggingEnabled: true,
    loggerCallback: (_: LogLevel, line: string) => void lines.push(line),
  };
  const logging = app({ system: { clock, loggerOptions } });
  await logging.acquireToken({ resource });
  endpoint.respond = () => ({ status: 400, body: { error: "no", error_description: "not host-secret" } });
  const error = await logging
    .acquireToken({ resource, forceRefresh: true })
    .catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ errorCode: "no", errorMessage: "not (hidden)" });
  expect(lines.join("\n")).toContain("AppService");
  expect(`${lines.join("\n")}${String(error)}`).not.toMatch(/host-secret|token \d/);
});

describe("the configuration", () => {
  test.each([
    [{ userAssignedClientId: "a", userAssignedObjectId: "b" }],
    [{ userAssignedClientId: "a", userAssignedResourceId: "b" }],
    [{ userAssignedObjectId: "a", userAssignedResourceId: "b" }],
  ])("names one id: %j is refused", (managedIdentityIdParams) => {
    expect(() => new ManagedIdentityApplication({ managedIdentityIdParams })).toThrow(
      expect.objectContaining({
        name: "ManagedIdentityError",
        errorCode: "invalid_managed_identity_id_type",
      }),
    );
  });

  test.each<[string, object]>([
    ["managedIdentityIdParams", { managedIdentityIdParams: "a" }],
    [
      "managedIdentityIdParams.userAssignedClientId",
      { managedIdentityIdParams: { userAssignedClientId: 1 } },
    ],
    ["clientCapabilities", { clientCapabilities: "CP1" }],
    ["system.networkClient", { system: { networkClient: {} } }],
    ["system.clock", { system: { clock: {} } }],
    ["system.dispatcher", { system: { dispatcher: {} } }],
  ])("%s of the wrong type is refused", (field, configuration) => {
    expect(() => new ManagedIdentityApplication(configuration as ManagedIdentityConfiguration)).toThrow(
      expect.objectContaining({ errorCode: "invalid_option", errorMessage: expect.stringContaining(field) }),
    );
  });

  test.each([undefined, "", "/.default"])("a request for the resource %j is refused", async (missing) => {
    await expect(app().acquireToken({ resource: missing as string })).rejects.toMatchObject({
      name: "ClientConfigurationError",
      errorCode: "empty_url_error",
    });
    expect(endpoint.requests).toEqual([]);
  });

  test("a printed application shows neither tokens nor secrets", async () => {
    const printed = app();
    await printed.acquireToken({ resource });
    const { inspect } = await import("node:util");
    expect(inspect(printed, { depth: 20, showHidden: true })).not.toMatch(/host-secret|token \d/);
  });
});
