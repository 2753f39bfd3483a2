// While a provider's documents cannot be fetched again, the last ones are used: discovery for a week, keys for a day.
// proves: core/src/authority/resolved-authority.ts, core/src/response/key-source.ts
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import type { ConfidentialClientApplication } from "@tessera/node";
import { redeem, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";

const HOUR = 3600;
const DAY = 24 * HOUR;

let provider: FakeProvider;
let app: ConfidentialClientApplication;
beforeAll(async () => {
  provider = await startFakeProvider();
});
afterAll(() => provider.close());
beforeEach(async () => {
  provider.reset();
  app = provider.confidential({ system: { retries: 0 } });
  await redeem(app);
});

const asApp = () => app.acquireTokenByClientCredential({ scopes: ["api:read"], skipCache: true });
const signIn = () => redeem(app);

describe.each([
  ["the discovery document", "discovery", asApp, 7 * DAY, "endpoints_resolution_error"],
  ["the keys", "keys", signIn, DAY, "invalid_id_token"],
] as const)("%s that cannot be fetched again", (_, endpoint, ask, lifetime, errorCode) => {
  it("is used up to its limit, asked for meanwhile, and not longer", async () => {
    const before = provider.count(endpoint);
    provider.answers[endpoint] = () => ({ status: 404, body: "nothing here" });
    provider.clock.advance(lifetime - 120);
    expect(await ask()).toMatchObject({ fromCache: false });
    expect(provider.count(endpoint)).toBeGreaterThan(before);
    provider.clock.advance(121);
    await expect(ask()).rejects.toMatchObject({ errorCode });
  });

  it("is replaced as soon as the provider answers again, and its time runs anew", async () => {
    const { [endpoint]: good } = provider.answers;
    provider.answers[endpoint] = () => ({ status: 404, body: "nothing here" });
    provider.clock.advance(lifetime - HOUR);
    await ask();
    provider.answers[endpoint] = good;
    provider.clock.advance(600);
    await ask();
    provider.answers[endpoint] = () => ({ status: 404, body: "nothing here" });
    provider.clock.advance(lifetime - HOUR);
    expect(await ask()).toMatchObject({ fromCache: false });
  });
});
