import { createHash } from "node:crypto";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { createMemoryTokenStore, type AccountInfo } from "@tessera/node";
import { componentsHash } from "../../packages/core/src/cache/schema/keys.js";
import {
  accessToken,
  account,
  appScopes,
  appTokens,
  clientId,
  clientSecret,
  codeOf,
  differs,
  document,
  home,
  jwt,
  msal,
  Network,
  now,
  plugin,
  redirectUri,
  refreshToken,
  scopes,
  tenant,
  tessera,
  tokens,
  type App,
  type Entities,
  type Library,
} from "../support/cache-stage.js";
import { createTestClock } from "../support/test-clock.js";
import { putStored } from "../support/stored.js";

afterEach(() => {
  jest.restoreAllMocks();
});

describe("look-ups", () => {
  it("do as much for a thousand users as for one", async () => {
    const users = (count: number): string => {
      const ids = Array.from({ length: count }, (_, index) =>
        index === 0 ? home : `user-${index}.${tenant}`,
      );
      return document({
        AccessToken: Object.assign(
          {},
          ...ids.map((home_account_id) => accessToken({ home_account_id })),
        ) as Entities,
      });
    };
    const work = async (library: Library, count: number): Promise<number> => {
      const app = library(new Network());
      app.getTokenCache().deserialize(users(count));
      await app.acquireTokenSilent({ scopes, account });
      const step = jest.spyOn(String.prototype, "toLowerCase");
      await app.acquireTokenSilent({ scopes, account });
      const steps = step.mock.calls.length;
      step.mockRestore();
      return steps;
    };
    await differs(
      async (library) => (await work(library, 1000)) > 100 + (await work(library, 1)),
      false,
      true,
    );
  });

  it.each(["client credentials", "on behalf of"])("choose when several tokens fit: %s", async (flow) => {
    const assertion = jwt({ sub: "s" });
    const bound =
      flow === "on behalf of"
        ? { userAssertionHash: createHash("sha256").update(assertion).digest("base64url") }
        : { home_account_id: "" };
    const text = document({
      AccessToken: {
        ...accessToken({ ...bound, target: "api/.default api/more", secret: "wide" }),
        ...accessToken({ ...bound, target: "api/.default", secret: "narrow" }),
      },
    });
    const choice = async (library: Library): Promise<string> => {
      const app = library(new Network(), { cache: { cachePlugin: plugin({ text }) } });
      app.getTokenCache().deserialize(text);
      const request = { scopes: ["api/.default"], oboAssertion: assertion };
      const result =
        flow === "on behalf of"
          ? app.acquireTokenOnBehalfOf(request)
          : app.acquireTokenByClientCredential(request);
      return result.then((found) => found.accessToken, codeOf);
    };
    expect(await choice(tessera)).toBe("narrow");
    // The peer finds no stored on-behalf-of token at all.
    if (flow === "client credentials") expect(await choice(msal)).toBe("multiple_matching_tokens");
  });

  it("of an OpenID Provider whose issuer has a path of several segments, with capitals, hit", async () => {
    const issuer = "https://idp.example/realms/Acme/Team-A";
    const discovery = {
      issuer,
      authorization_endpoint: `${issuer}/a`,
      token_endpoint: `${issuer}/t`,
      jwks_uri: `${issuer}/k`,
      id_token_signing_alg_values_supported: ["HS256"],
    };
    const claims = { iss: issuer, sub: "Mixed|Case", aud: clientId, iat: now, exp: now + 3600 };
    await differs(
      async (library) => {
        const answer = {
          token_type: "Bearer",
          expires_in: 3600,
          access_token: "at",
          scope: "openid profile api",
          id_token: jwt(claims, clientSecret),
        };
        const urls = [issuer, issuer.toLowerCase()].map(
          (url) => [`${url}/.well-known/openid-configuration`, discovery] as const,
        );
        const network = new Network(() => answer, Object.fromEntries(urls));
        const auth = {
          authority: issuer,
          knownAuthorities: ["idp.example"],
          clientMetadata: { id_token_signed_response_alg: "HS256" },
        };
        const app = library(network, { auth, system: { protocolMode: "OIDC" } });
        const request = { scopes: ["api"], redirectUri };
        const result = await app.acquireTokenByCode({ ...request, code: "code" });
        const found = await app
          .acquireTokenSilent({ ...request, account: result.account as AccountInfo })
          .catch(codeOf);
        return typeof found === "object" && found.fromCache;
      },
      true,
      false,
    );
  });

  it("without scopes find an identity token's companion, not whatever there is", async () => {
    const network = new Network();
    const app = tessera(network);
    app.getTokenCache().deserialize(
      document({
        AccessToken: accessToken({ target: "api://elsewhere/read" }),
        RefreshToken: refreshToken(),
      }),
    );
    expect(await app.acquireTokenSilent({ scopes: [], account })).toMatchObject({ fromCache: false });
  });
});

describe("tokens with something else to tell them apart", () => {
  it.each([
    { name: "fmiPath", extra: { fmiPath: "agents/one" } },
    { name: "claimsFromClient", extra: { claimsFromClient: '{"xms_az":{"values":["1"]}}' } },
  ])("live beside the plain one: $name", async ({ extra }) => {
    await differs(
      async (library) => {
        const network = new Network(appTokens);
        const app = library(network);
        for (const more of [{}, extra, {}, extra])
          await app.acquireTokenByClientCredential({ scopes: appScopes, ...more });
        return network.forms.length;
      },
      2,
      3,
    );
  });

  it("have keys that do not depend on the order in which it was said", () => {
    expect(componentsHash({ fmi_path: "a", client_claims: "b" })).toBe(
      componentsHash({ client_claims: "b", fmi_path: "a" }),
    );
    expect(componentsHash({ fmi_path: "a" })).not.toBe(componentsHash({ client_claims: "a" }));
  });
});

describe("the figures of a cache", () => {
  const flows = [
    {
      flow: "silent",
      call: (app: App, forceRefresh = false) => app.acquireTokenSilent({ scopes, account, forceRefresh }),
    },
    {
      flow: "client credentials",
      call: (app: App, skipCache = false) =>
        app.acquireTokenByClientCredential({ scopes: appScopes, skipCache }),
    },
    {
      flow: "on behalf of",
      call: (app: App, skipCache = false) =>
        app.acquireTokenOnBehalfOf({ scopes, oboAssertion: "assertion", skipCache }),
    },
  ];

  it.each(flows.flatMap((one) => ["memory", "a plugin", "a token store"].map((kept) => ({ ...one, kept }))))(
    "count a call that looks once, as hit or as miss: $flow, $kept",
    async ({ call, kept }) => {
      const clock = createTestClock();
      const network = new Network(({ grant_type }) =>
        grant_type === "client_credentials" ? appTokens() : tokens(),
      );
      const stored = document({ RefreshToken: refreshToken() });
      const store = createMemoryTokenStore(clock);
      await putStored(store, `user:${home}`, stored);
      const cache =
        kept === "memory" ? {} : kept === "a plugin" ? { cachePlugin: plugin({ text: stored }) } : { store };
      const app = tessera(network, { cache, system: { clock } });
      if (kept === "memory") app.getTokenCache().deserialize(stored);
      const figures = (): readonly number[] => {
        const { hits, misses } = app.getTokenCache().stats();
        return [hits, misses];
      };
      await call(app);
      expect(["nothing there", ...figures()]).toEqual(["nothing there", 0, 1]);
      await call(app);
      expect(["a token", ...figures()]).toEqual(["a token", 1, 1]);
      await call(app, true);
      expect(["not asked", ...figures()]).toEqual(["not asked", 1, 1]);
      clock.advance(3400);
      await call(app);
      expect(["too old", ...figures()]).toEqual(["too old", 1, 2]);
    },
  );
});
