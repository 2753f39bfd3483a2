// Providers as they are, each with its quirk: signing in, renewing and tokens for the app itself, with one line of
// configuration.
// proves: core/src/request/scopes.ts, core/src/credential/secret-authentication.ts
import { beforeEach, describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication } from "@tessera/node";
import { accountOf } from "../support/entra.js";
import { clientId, clientSecret } from "../support/fake-provider.js";
import { providers } from "../support/providers-as-they-are.js";
import { quirkyProvider, type QuirkyProvider } from "../support/quirky-provider.js";
import { createTestClock, type TestClock } from "../support/test-clock.js";

const redirectUri = "https://app.example/signed-in";

describe.each(providers.map((quirky) => [quirky.name, quirky] as const))("%s", (_, quirky) => {
  const { api: scopes = [], request } = quirky;
  let clock: TestClock;
  let provider: QuirkyProvider;
  let app: ConfidentialClientApplication;
  beforeEach(() => {
    clock = createTestClock();
    provider = quirkyProvider(quirky, clock);
    app = new ConfidentialClientApplication({
      auth: { clientId, clientSecret, oidcAuthority: quirky.issuer, ...quirky.auth },
      system: { clock, networkClient: provider.networkClient },
    });
  });

  const signIn = async () => {
    const flow = await app.initiateAuthCodeFlow({ scopes: [...scopes], redirectUri, ...request });
    return app.acquireTokenByAuthCodeFlow(flow, provider.authorize(flow.authUrl));
  };

  it("signs a user in, and finds the token again", async () => {
    const result = await signIn();
    expect(result).toMatchObject({ fromCache: false, accessToken: "an-access-token-1" });
    const account = accountOf(result);
    const again = await app.acquireTokenSilent({ scopes: [...scopes], account });
    expect(again).toMatchObject({ fromCache: true, accessToken: "an-access-token-1" });
  });

  if (quirky.renews !== false) {
    it("renews the user's token, twice", async () => {
      const account = accountOf(await signIn());
      for (const _time of [1, 2]) {
        clock.advance(24 * 3600);
        const renewed = await app.acquireTokenSilent({ scopes: [...scopes], account });
        expect(renewed.fromCache).toBe(false);
      }
      const grants = provider.received.map(({ form }) => form["grant_type"]);
      expect(grants.filter((grant) => grant === "refresh_token")).toHaveLength(2);
    });
  }

  const { daemon } = quirky;
  if (daemon) {
    it("gives the app tokens of its own", async () => {
      const acquire = () => app.acquireTokenByClientCredential({ scopes: [...daemon.scopes] });
      expect(await acquire()).toMatchObject({ fromCache: false });
      expect(await acquire()).toMatchObject({ fromCache: true });
    });
  }
});
