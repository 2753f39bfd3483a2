import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { startEntra, type Entra } from "../support/entra.js";

const scopes = ["https://graph.microsoft.com/.default"];

describe("client credentials", () => {
  let entra: Entra;
  beforeAll(async () => {
    entra = await startEntra();
  });
  afterAll(() => entra.close());
  beforeEach(() => entra.authority.clearRequests());

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
