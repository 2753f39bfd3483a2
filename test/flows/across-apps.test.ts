// Cross-app access (identity assertion authorization grant, a draft): the company's provider, which is `oidc-provider`, vouches
// for a user, and another company's server takes its word. Both requests are the draft's.
// proves: core/src/flows/across-apps.ts, node/src/cross-app/cross-app-application.ts, node/src/cross-app/identity-assertion.ts,
// node/src/cross-app/identity-of-user.ts
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { createResourceFetch, type AccountInfo, type AcrossAppsRequest } from "@tessera/node";
import { atOther, startOtherServer, vouching, type OtherServer } from "../support/cross-app.js";
import { applicationAt, signInAt } from "../support/oidc-applications.js";
import { startOpenIdProvider, type OpenIdProvider } from "../support/oidc-provider.js";
import { createTestClock } from "../support/test-clock.js";
import { startLocalAuthority } from "@tessera/local-authority";

const clock = createTestClock();
const resource = "https://chat.example/mcp";
let company: OpenIdProvider;
let other: OtherServer;
beforeAll(async () => {
  company = await startOpenIdProvider(vouching);
  other = await startOtherServer(() => company.url);
});
beforeEach(() => company.clearRequests());
afterAll(async () => {
  other.close();
  await company.close();
});

describe.each(["basic", "publicClient"] as const)("the application %s", (kind) => {
  const signedIn = async () => {
    const app = applicationAt(company, clock, kind);
    const { account, idToken } = await signInAt(company, app);
    if (!account) throw new Error("nobody has signed in");
    company.clearRequests();
    const request = (user: { account: AccountInfo } | { idToken: string }): AcrossAppsRequest => ({
      ...user,
      audience: other.issuer,
      resource,
      scopes: ["messages.read"],
      client: atOther,
    });
    return { app, account, idToken, request };
  };

  test.each(["account", "idToken"] as const)(
    "gets a token for a user named by %s, and keeps it",
    async (by) => {
      const { app, account, idToken, request } = await signedIn();
      const asked = request(by === "account" ? { account } : { idToken });
      const before = other.requests.length;
      const results = await Promise.all([1, 2, 3].map(() => app.acquireTokenAcrossApps({ ...asked })));
      expect(new Set(results.map(({ accessToken }) => accessToken)).size).toBe(1);
      expect(results[0]).toMatchObject({ tokenType: "Bearer", scopes: ["messages.read"], account: null });
      const [exchange, ...more] = company.tokenRequests();
      expect(more).toEqual([]);
      expect(exchange?.form).toMatchObject({
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        requested_token_type: "urn:ietf:params:oauth:token-type:id-jag",
        subject_token: idToken,
        subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
        audience: other.issuer,
        resource,
        scope: "messages.read",
      });
      const sent = other.requests.slice(before);
      expect(sent).toHaveLength(1);
      expect(sent[0]).toMatchObject({
        grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
        assertion: expect.any(String),
        authorization: expect.stringMatching(/^Basic /),
      });
      expect(sent[0]).not.toHaveProperty("resource");
      expect((await app.acquireTokenAcrossApps(asked)).fromCache).toBe(true);
      expect(other.requests).toHaveLength(before + 1);
    },
  );

  test("repeats the second request, then the first, when the token has expired", async () => {
    const { app, idToken, request } = await signedIn();
    const asked = request({ idToken });
    const first = await app.acquireTokenAcrossApps(asked);
    const before = other.requests.length;
    // The assertion is in the cache, but it was good for one use.
    const second = await app.acquireTokenAcrossApps({ ...asked, skipCache: true });
    expect(second.accessToken).not.toBe(first.accessToken);
    expect(other.requests).toHaveLength(before + 2);
    expect(company.tokenRequests()).toHaveLength(2);
  });

  test("keeps tokens of users and resources apart", async () => {
    const { app, idToken, account, request } = await signedIn();
    const tokens = await Promise.all([
      app.acquireTokenAcrossApps(request({ idToken })),
      app.acquireTokenAcrossApps(request({ account })),
      app.acquireTokenAcrossApps({ ...request({ idToken }), resource: "https://chat.example/other" }),
    ]);
    expect(new Set(tokens.map(({ accessToken }) => accessToken)).size).toBe(3);
  });

  test.each<[string, object, RegExp]>([
    ["no user", { idToken: undefined }, /exactly one/],
    ["two users", { account: {} }, /exactly one/],
    ["no audience", { audience: "" }, /audience/],
    ["no resource", { resource: undefined }, /resource/],
    ["no client", { client: undefined }, /client/],
    ["two credentials", { client: { ...atOther, clientAssertion: "a.b.c" } }, /exactly one credential/],
  ])("refuses %s before anything is sent", async (_, wrong, message) => {
    const { app, idToken, request } = await signedIn();
    const asked = { ...request({ idToken }), ...wrong };
    await expect((async () => app.acquireTokenAcrossApps(asked))()).rejects.toThrow(message);
    expect(company.requests).toEqual([]);
  });

  test("reports the refusal of the company's provider", async () => {
    const { app, request } = await signedIn();
    const refused = app.acquireTokenAcrossApps(request({ idToken: "not.a.token" }));
    await expect(refused).rejects.toMatchObject({ name: "ServerError" });
  });
});

test("createResourceFetch uses it where the issuer offers it, and asks nobody", async () => {
  const app = applicationAt(company, clock, "publicClient");
  const { account } = await signInAt(company, app);
  const authority = await startLocalAuthority({ http: true });
  const api = await authority.protectedResource({
    metadata: { authorization_servers: [other.issuer] },
    respond: () => Response.json({}),
  });
  const sent: (string | null)[] = [];
  const fetch = createResourceFetch({
    client: { registered: { [other.issuer]: atOther } },
    acrossApps: { application: app, account: account ?? undefined },
    system: { clock },
    fetch: async (input, init) => {
      const request = new Request(input, init);
      sent.push(request.headers.get("authorization"));
      return request.headers.has("authorization") ? new Response("called") : globalThis.fetch(request);
    },
  });
  expect(await (await fetch(api.url)).text()).toBe("called");
  const token = Buffer.from(sent.at(-1)?.replace("Bearer ", "") ?? "", "base64url").toString();
  expect(token).toContain(` at ${api.url}, `);
  await authority.close();
});
