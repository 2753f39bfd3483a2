// What the console does, each as an HTTP endpoint for tests in any language.
// proves: local-authority/src/console/about.ts, local-authority/src/console/clock.ts,
// local-authority/src/console/faults.ts, local-authority/src/console/identities.ts,
// local-authority/src/console/merge-patch.ts, local-authority/src/console/sessions.ts,
// local-authority/src/emulator/hosting.ts, local-authority/src/stores/revoke-sign-in-sessions.ts
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import { createBrowser } from "../support/browser.js";
import { signIn } from "../support/sign-in.js";
import { mergePatch } from "../../packages/local-authority/src/console/merge-patch.js";
import { consoleCall } from "./console-requests-to.js";
import { get, post } from "./requests.js";

const alice = { username: "alice@contoso.example", password: "alice-password" };
const desktop = "c0c0c0c0-0000-4000-8000-0000000000a2";
let authority: LocalAuthority;
beforeAll(async () => {
  authority = await startLocalAuthority({ http: true });
});
afterAll(() => authority.close());

const call = (method: "GET" | "POST" | "PATCH" | "DELETE", path: string, json?: unknown) =>
  consoleCall(authority, method, `/_console${path}`, { json });
const tokenPath = "/contoso.example/oauth2/v2.0/token";
const password = (over: Record<string, string> = {}) =>
  post(authority, tokenPath, {
    grant_type: "password",
    client_id: desktop,
    scope: "openid offline_access",
    ...alice,
    ...over,
  });

it("the root of the endpoints is what the command line prints", async () => {
  const { json } = await call("GET", "");
  expect(json).toEqual(JSON.parse(JSON.stringify({ url: authority.url, caPem: "", ...authority.config })));
});

describe("the clock", () => {
  afterEach(() => call("DELETE", "/clock"));

  it("is moved, and returns to the real time", async () => {
    expect((await call("POST", "/clock", { advance: 3600 })).json).toMatchObject({ offset: 3600 });
    const { json } = await call("POST", "/clock", { advance: 1800 });
    expect(json.offset).toBe(5400);
    const { headers } = await get(authority, "/common/discovery/v2.0/keys");
    // The Date header has no fractions of a second.
    expect(Math.abs(Date.parse(json.now) - Date.parse(String(headers["date"])))).toBeLessThan(2000);
    expect((await call("DELETE", "/clock")).json.offset).toBe(0);
  });

  it.each([[{ advance: "an hour" }], [{}], [{ hours: 1 }], [{ advance: 1e300 }]])(
    "is not moved by %j",
    async (wrong) => {
      const { status, json } = await call("POST", "/clock", wrong);
      expect({ status, error: json.error }).toEqual({ status: 400, error: "invalid_request" });
      expect((await call("GET", "/clock")).json.offset).toBe(0);
    },
  );
});

describe("faults", () => {
  afterEach(() => call("DELETE", "/faults"));
  const add = (fault: object) => call("POST", "/faults", fault);

  it("the next token request answers 429, and the one after it is answered", async () => {
    const fault = { match: "token", status: 429, headers: { "Retry-After": "2" } };
    expect(await add(fault)).toMatchObject({ status: 201, json: { ...fault, hits: 0 } });
    expect(await password()).toMatchObject({ status: 429, headers: { "retry-after": "2" } });
    expect((await password()).status).toBe(200);
  });

  it("waits for a request with certain parameters", async () => {
    await add({ match: "token", where: { grant_type: "refresh_token", client_id: desktop }, status: 503 });
    expect((await password()).status).toBe(200);
    expect((await password({ grant_type: "refresh_token" })).status).toBe(503);
  });

  it("changes a response with a merge patch", async () => {
    await add({ match: "token", rewrite: { expires_in: 5, id_token: null } });
    const { json } = await password();
    expect(json).toMatchObject({ expires_in: 5, token_type: "Bearer" });
    expect(json).not.toHaveProperty("id_token");
  });

  it("leaves a page as it is that has no JSON to be changed", async () => {
    await add({ rewrite: { a: 1 } });
    expect((await get(authority, "/common/oauth2/deviceauth")).text).toContain("<form");
  });

  it("sends any body, without a named endpoint, until it is removed", async () => {
    const { json } = await add({ status: 200, body: "not JSON", times: "always" });
    for (let i = 0; i < 3; i += 1) expect((await get(authority, "/common/nothing")).text).toBe("not JSON");
    expect((await call("GET", "/faults")).json.faults).toEqual([{ ...json, hits: 3 }]);
    expect((await call("DELETE", `/faults/${json.id}`)).status).toBe(204);
    expect((await get(authority, "/common/nothing")).status).toBe(404);
    expect((await call("DELETE", `/faults/${json.id}`)).status).toBe(404);
  });

  it("lists those that the program itself has added", async () => {
    authority.fault({ match: /keys$/, status: 500, times: Infinity });
    authority.fault({ match: () => true, rewrite: (json) => json });
    expect((await call("GET", "/faults")).json.faults).toMatchObject([
      { match: "/keys$/", status: 500, times: "always", hits: 0 },
      { match: "a function", rewrite: "a function", times: 1 },
    ]);
  });

  it("loses the connection", async () => {
    await add({ match: "token", reset: true });
    await expect(password()).rejects.toThrow();
  });

  it.each([
    ["fault.match", { match: "tokens" }],
    ["fault.match", { match: 1 }],
    ["fault.status", { status: 99 }],
    ["fault.status", { status: "429" }],
    ["fault.times", { times: "often" }],
    ["fault.times", { times: 0 }],
    ["fault.delayMs", { delayMs: -1 }],
    ["fault.headers", { headers: { a: 1 } }],
    ["fault.where", { where: "refresh" }],
    ["fault.body", { body: {} }],
    ["fault.rewrite", { rewrite: "x" }],
    ["fault.rewrite", { rewrite: {}, status: 200 }],
    ["fault.retries", { retries: 1 }],
  ])("%s is named when it is wrong: %j", async (field, fault) => {
    const { status, json } = await add(fault);
    expect(status).toBe(400);
    expect(json.error_description).toContain(`${field} is `);
    expect((await call("GET", "/faults")).json.faults).toEqual([]);
  });
});

describe("sessions", () => {
  const userNamed = async (username: string) =>
    (await call("GET", "/sessions")).json.users.find((each) => each.username === username);
  const authorizeUrl = (over: Record<string, string> = {}) => {
    const query = new URLSearchParams({
      client_id: desktop,
      response_type: "code",
      redirect_uri: "http://localhost/callback",
      scope: "openid",
      ...over,
    });
    return `${authority.url}/contoso.example/oauth2/v2.0/authorize?${query.toString()}`;
  };

  it("are listed, and revoked with the refresh tokens in every browser", async () => {
    authority.revokeSignInSessions(alice.username);
    const browser = createBrowser();
    await signIn(authorizeUrl(), { ...alice, browser });
    const { json } = await password();
    expect(await userNamed(alice.username)).toMatchObject({
      tenant: "contoso.example",
      disabled: false,
      passwordExpired: false,
      browsers: [{ sid: expect.any(String), since: expect.any(String) }],
      refreshTokens: [{ app: "Contoso Desktop", clientId: desktop }],
    });

    const silently = () => browser.open(authorizeUrl({ prompt: "none" }), (url) => url.includes("/callback"));
    expect((await silently()).url).toContain("code=");
    const { json: after } = await call("DELETE", `/sessions/${alice.username}`);
    expect(after).toMatchObject({ browsers: [], refreshTokens: [] });
    expect((await silently()).url).toContain("error=login_required");
    const refreshed = await post(authority, tokenPath, {
      grant_type: "refresh_token",
      client_id: desktop,
      refresh_token: String(json["refresh_token"]),
    });
    expect(refreshed.json).toMatchObject({ error_codes: [50173] });
  });

  it("a program's revokeSignInSessions does the same", async () => {
    const browser = createBrowser();
    await signIn(authorizeUrl(), { ...alice, browser });
    authority.revokeSignInSessions(alice.username);
    const { url } = await browser.open(authorizeUrl({ prompt: "none" }), (to) => to.includes("/callback"));
    expect(url).toContain("error=login_required");
  });

  it.each([
    ["disabled", 50057],
    ["passwordExpired", 50055],
  ])("a user is %s, and comes back", async (field, code) => {
    const path = `/sessions/${alice.username}`;
    expect((await call("PATCH", path, { [field]: true })).json).toMatchObject({ [field]: true });
    expect((await password()).json).toMatchObject({ error_codes: [code] });
    expect((await call("PATCH", path, { [field]: false })).json).toMatchObject({ [field]: false });
    expect((await password()).status).toBe(200);
  });

  it.each([
    ["DELETE", "/sessions/nobody@contoso.example", undefined],
    ["PATCH", "/sessions/nobody@contoso.example", { disabled: true }],
    ["PATCH", `/sessions/${alice.username}`, { disabled: "yes" }],
    ["PATCH", `/sessions/${alice.username}`, { admin: true }],
  ] as const)("%s %s %j is refused", async (method, path, body) => {
    expect((await call(method, path, body)).status).toBe(400);
  });
});

describe("managed identities", () => {
  it("a host runs with its variables, gives tokens, and stops", async () => {
    const { json: host } = await call("POST", "/identities", { host: "app-service" });
    expect(host.shell).toMatch(/^export IDENTITY_ENDPOINT=/);
    const { IDENTITY_ENDPOINT, IDENTITY_HEADER = "" } = host.environment;
    const query = "?api-version=2019-08-01&resource=https://vault.azure.net";
    const ask = () =>
      fetch(`${IDENTITY_ENDPOINT}${query}`, { headers: { "x-identity-header": IDENTITY_HEADER } });
    expect((await ask()).status).toBe(200);
    expect((await call("GET", "/identities")).json).toMatchObject({
      hosts: ["imds", "app-service", "arc", "service-fabric", "machine-learning", "cloud-shell", "aks"],
      identities: [{ systemAssigned: true }, { systemAssigned: false }],
      running: [{ id: host.id, host: "app-service" }],
    });
    expect((await call("DELETE", `/identities/${host.id}`)).status).toBe(204);
    await expect(ask()).rejects.toThrow();
    expect((await call("GET", "/identities")).json.running).toEqual([]);
    expect((await call("DELETE", `/identities/${host.id}`)).status).toBe(404);
  });

  it("a host that the program itself started is listed as well", async () => {
    const host = await authority.emulate("imds");
    expect((await call("GET", "/identities")).json.running).toMatchObject([{ host: "imds", url: host.url }]);
    await host.close();
    expect((await call("GET", "/identities")).json.running).toEqual([]);
  });

  it.each([
    ["emulate", { host: "vm" }],
    ["emulate", {}],
    ["clientId", { host: "aks", clientId: 1 }],
    ["clientId", { host: "machine-learning", clientId: "nobody" }],
    ["tokensDirectory", { host: "arc", tokensDirectory: "/etc" }],
  ])("%s is named when it is wrong: %j", async (field, body) => {
    const { status, json } = await call("POST", "/identities", body);
    expect(status).toBe(400);
    expect(json.error_description).toContain(`${field} is `);
  });
});

// RFC 7396, appendix A.
it.each<[unknown, unknown, unknown]>([
  [{ a: "b" }, { a: "c" }, { a: "c" }],
  [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
  [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
  [{ a: ["b"] }, { a: "c" }, { a: "c" }],
  [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
  [{ a: [1] }, [2], [2]],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
])("%j changed by %j is %j", (target, patch, result) => {
  expect(mergePatch(target, patch)).toEqual(result);
});

it("a patch does not change what every object has in common", () => {
  const merged = mergePatch({}, JSON.parse('{"__proto__":{"polluted":true}}'));
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  expect(JSON.stringify(merged)).toBe('{"__proto__":{"polluted":true}}');
});
