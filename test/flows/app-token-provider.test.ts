// App tokens from somewhere else than the token endpoint, such as a managed identity. The cache still comes first.
// proves: core/src/exchange/token-source.ts, node/src/msal/app-token-provider.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import type { IAppTokenProvider } from "@tessera/node";
import { ask, fabrikam, scopes, startDaemons, tokenForms, type Daemons } from "../support/daemon-stage.js";
import type { Entra } from "../support/entra.js";
import { eventually } from "../support/eventually.js";
import { expectNothingKept } from "../support/nothing-kept.js";

const claims = '{"access_token":{"nbf":{"essential":true,"value":"1"}}}';

let entra: Entra;
let daemon: Daemons["daemon"];
beforeAll(async () => {
  ({ entra, daemon } = await startDaemons());
});
afterAll(() => entra.close());
beforeEach(() => entra.authority.clearRequests());
const forms = () => tokenForms(entra);

describe("SetAppTokenProvider", () => {
  const provide = (over: object = {}) =>
    jest.fn<IAppTokenProvider>(async () => ({ accessToken: "provided", expiresInSeconds: 3600, ...over }));
  const withProvider = (provider: IAppTokenProvider) => {
    const app = daemon();
    app.SetAppTokenProvider(provider);
    return app;
  };

  it("is asked when the cache has no token, once for all who ask, and told what is wanted", async () => {
    const provider = provide();
    const app = withProvider(provider);
    const results = await Promise.all(Array.from({ length: 50 }, () => ask(app, { correlationId: "c-1" })));
    expect(results[0]).toMatchObject({
      accessToken: "provided",
      fromCache: false,
      tokenType: "Bearer",
      account: null,
    });
    expect(provider.mock.calls).toEqual([
      [{ correlationId: "c-1", tenantId: entra.tenantId, scopes, signal: expect.any(AbortSignal) }],
    ]);
    expect(await ask(app)).toMatchObject({ fromCache: true, accessToken: "provided" });
    await ask(app, { claims });
    await ask(app, { skipCache: true });
    await ask(app, { tenantId: fabrikam });
    expect(provider.mock.calls.slice(1).map(([told]) => told)).toMatchObject([
      { claims },
      { tenantId: entra.tenantId },
      { tenantId: fabrikam },
    ]);
    expect(forms()).toEqual([]);
  });

  it("renews in the background when refreshIn has passed, and the caller does not wait", async () => {
    const provider = provide({ refreshInSeconds: 60 });
    const app = withProvider(provider);
    await ask(app);
    entra.clock.advance(61);
    provider.mockResolvedValueOnce({ accessToken: "renewed", expiresInSeconds: 3600 });
    expect(await ask(app)).toMatchObject({ accessToken: "provided", fromCache: true });
    await eventually(() => provider.mock.calls.length === 2);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await ask(app)).toMatchObject({ accessToken: "renewed", fromCache: true });
  });

  it.each<[string, IAppTokenProvider, object]>([
    ["fails", () => Promise.reject(new Error("the vault is shut")), { message: "the vault is shut" }],
    ["returns no token", provide({ accessToken: "" }), { errorCode: "invalid_token_response" }],
    [
      "returns no lifetime",
      provide({ expiresInSeconds: undefined }),
      { errorCode: "invalid_token_response" },
    ],
  ])("that %s fails the call, and nothing is kept", async (_, provider, error) => {
    const app = withProvider(provider);
    await expect(ask(app)).rejects.toMatchObject(error);
    await expectNothingKept(app);
  });
});
