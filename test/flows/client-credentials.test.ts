// Tokens for the app itself (RFC 6749 §4.4): from the cache or with one request, for the tenant and the claims it names.
// proves: core/src/client/client.ts, core/src/flows/client-credentials.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { LogLevel, type ClientCredentialRequest } from "@tessera/node";
import { decodeJwt } from "jose";
import { ask, fabrikam, scopes, startDaemons, tokenForms, type Daemons } from "../support/daemon-stage.js";
import { startEntra, type Entra } from "../support/entra.js";
import { eventually } from "../support/eventually.js";

const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';

let entra: Entra;
let daemon: Daemons["daemon"];
beforeAll(async () => {
  ({ entra, daemon } = await startDaemons());
});
afterAll(() => entra.close());
beforeEach(() => entra.authority.clearRequests());
const forms = () => tokenForms(entra);

describe("client credentials", () => {
  it("gets a token with one request, discovery aside, and the second time from the cache", async () => {
    const app = entra.confidential();
    const first = await app.acquireTokenByClientCredential({ scopes });
    const second = await app.acquireTokenByClientCredential({ scopes });
    expect(first).toMatchObject({ fromCache: false, tokenType: "Bearer", account: null, scopes });
    expect(second).toMatchObject({ fromCache: true, accessToken: first.accessToken });
    expect(entra.tokenRequests()).toBe(1);
  });

  it("sends one request for a hundred equal calls, and gives each its own correlation id", async () => {
    const app = entra.confidential();
    const results = await Promise.all(
      Array.from({ length: 100 }, () => app.acquireTokenByClientCredential({ scopes })),
    );
    expect(new Set(results.map(({ accessToken }) => accessToken)).size).toBe(1);
    expect(new Set(results.map(({ correlationId }) => correlationId)).size).toBe(100);
    expect(entra.tokenRequests()).toBe(1);
  });

  it("renews a token five minutes before it expires", async () => {
    const app = entra.confidential();
    const first = await app.acquireTokenByClientCredential({ scopes });
    entra.clock.advance(3599 - 300);
    expect((await app.acquireTokenByClientCredential({ scopes })).accessToken).toBe(first.accessToken);
    entra.clock.advance(1);
    const renewed = await app.acquireTokenByClientCredential({ scopes });
    expect(renewed.fromCache).toBe(false);
    expect(renewed.accessToken).not.toBe(first.accessToken);
  });
});

describe("the tenant of a request", () => {
  it.each<[string, () => ClientCredentialRequest]>([
    ["tenantId, a GUID", () => ({ tenantId: fabrikam })],
    ["tenantId, a domain", () => ({ tenantId: "fabrikam.example" })],
    ["authority", () => ({ authority: entra.authority.authorityUrl(fabrikam) })],
    ["tenantId over authority", () => ({ authority: entra.authority.authorityUrl(), tenantId: fabrikam })],
  ])("is that of its %s, and has tokens of its own", async (_, over) => {
    const app = daemon();
    const home = await ask(app);
    const abroad = await ask(app, over());
    expect(decodeJwt(home.accessToken)["tid"]).toBe(entra.tenantId);
    expect(decodeJwt(abroad.accessToken)["tid"]).toBe(fabrikam);
    expect(await ask(app)).toMatchObject({ fromCache: true, accessToken: home.accessToken });
    expect(await ask(app, over())).toMatchObject({ fromCache: true, accessToken: abroad.accessToken });
    expect(forms()).toHaveLength(2);
  });

  it.each(["common", "organizations", "consumers"])(
    "must be one: %s is refused unless tenantId says",
    async (segment) => {
      const app = daemon({ auth: { authority: entra.authority.authorityUrl(segment) } });
      await expect(ask(app)).rejects.toMatchObject({ errorCode: "missing_tenant_id_error" });
      await expect(ask(daemon(), { tenantId: segment })).rejects.toMatchObject({
        errorCode: "missing_tenant_id_error",
      });
      expect(forms()).toEqual([]);
      expect(decodeJwt((await ask(app, { tenantId: fabrikam })).accessToken)["tid"]).toBe(fabrikam);
    },
  );
});

describe("claims", () => {
  it("are merged with the client's capabilities, and skip the cache", async () => {
    const app = daemon({ auth: { clientCapabilities: ["CP1"] } });
    await ask(app);
    expect(await ask(app, { claims })).toMatchObject({ fromCache: false });
    expect(await ask(app)).toMatchObject({ fromCache: true });
    expect(forms().map((form) => JSON.parse(form["claims"] ?? "null"))).toEqual([
      { access_token: { xms_cc: { values: ["CP1"] } } },
      { access_token: { nbf: { essential: true, value: "1" }, xms_cc: { values: ["CP1"] } } },
    ]);
  });

  it.each(["not json", "[]", "null", '"text"', "{"])(
    "that are no JSON object are refused: %s",
    async (bad) => {
      for (const field of ["claims", "claimsFromClient"] as const) {
        await expect(ask(daemon(), { [field]: bad })).rejects.toMatchObject({
          name: "ClientConfigurationError",
          errorCode: "invalid_claims",
          message: expect.stringContaining(field),
        });
      }
      expect(entra.authority.requests).toEqual([]);
    },
  );
});

describe("a token that is due for renewal", () => {
  let renewing: Entra;
  beforeAll(async () => {
    renewing = await startEntra({ refreshIn: 1800 });
  });
  afterAll(() => renewing.close());

  it("is handed out even when the identity provider cannot be reached", async () => {
    const warnings: string[] = [];
    const loggerOptions = {
      logLevel: LogLevel.Warning,
      loggerCallback: (_: LogLevel, text: string) => void warnings.push(text),
    };
    const app = renewing.confidential({ system: { loggerOptions, retries: 0 } });
    const first = await ask(app);
    renewing.clock.advance(1801);
    renewing.authority.fault({ match: "token", reset: true });
    expect(await ask(app)).toMatchObject({ fromCache: true, accessToken: first.accessToken });
    await eventually(() => warnings.some((text) => text.includes("stays in use")));
    // Not with every call, but some time later the renewal is tried again.
    expect(await ask(app)).toMatchObject({ fromCache: true });
    expect(renewing.tokenRequests()).toBe(2);
    renewing.clock.advance(30);
    expect(await ask(app)).toMatchObject({ fromCache: true });
    await eventually(() => renewing.tokenRequests() === 3);
  });
});
