import { createHash, createHmac } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import * as peer from "@azure/msal-node";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import {
  ConfidentialClientApplication,
  createMemoryTokenStore,
  type AccountInfo,
  type AuthenticationResult,
  type CacheOptions,
  type Configuration,
  type ICachePlugin,
  type INetworkModule,
  type NodeAuthOptions,
} from "@tessera/node";
import { componentsHash } from "../../packages/core/src/cache/keys.js";
import { createTestClock } from "../support/test-clock.js";

/*
 * Each test runs one sequence through both libraries, so that it says what is different. The last argument of `differs` is
 * what the peer does.
 */

const clientId = "30000000-0000-4000-8000-00000000ca11";
const other = "30000000-0000-4000-8000-00000000ca12";
const tenant = "20000000-0000-4000-8000-00000000c0de";
const otherTenant = "20000000-0000-4000-8000-00000000dead";
const uid = "10000000-0000-4000-8000-00000000a11c";
const home = `${uid}.${tenant}`;
const scopes = ["User.Read"];
const appScopes = ["https://graph.microsoft.com/.default"];
const redirectUri = "http://localhost";
const now = Math.floor(Date.now() / 1000);
const account: AccountInfo = {
  homeAccountId: home,
  environment: "login.windows.net",
  tenantId: tenant,
  localAccountId: uid,
  username: "user@example.test",
};

type App = ConfidentialClientApplication;
type Form = Readonly<Record<string, string>>;
type Answer = Readonly<Record<string, unknown>>;

/** A network whose token endpoint answers as a test wants it. Both libraries can use it. */
class Network implements INetworkModule {
  readonly forms: Form[] = [];
  readonly #answer: (form: Form, url: string) => Answer | Promise<Answer>;
  readonly #documents: Readonly<Record<string, Answer>>;

  constructor(
    answer: (form: Form, url: string) => Answer | Promise<Answer> = () => tokens(),
    documents: Readonly<Record<string, Answer>> = {},
  ) {
    this.#answer = answer;
    this.#documents = documents;
  }

  async sendGetRequestAsync<T>(
    url: string,
  ): Promise<{ status: number; headers: Record<string, string>; body: T }> {
    return { status: 200, headers: {}, body: this.#documents[url] as T };
  }

  async sendPostRequestAsync<T>(
    url: string,
    options?: { body?: string },
  ): Promise<{ status: number; headers: Record<string, string>; body: T }> {
    const form = Object.fromEntries(new URLSearchParams(options?.body));
    this.forms.push(form);
    const body = await this.#answer(form, url);
    return { status: "error" in body ? 400 : 200, headers: {}, body: body as T };
  }
}

let issued = 0;
/** A token response of Entra for the user, or with `app: true` for an app. */
function tokens(over: Answer = {}, claims: Answer = {}): Answer {
  issued += 1;
  const payload = {
    jti: `${issued}`,
    iss: `https://login.microsoftonline.com/${tenant}/v2.0`,
    sub: "s",
    oid: uid,
    tid: tenant,
    aud: clientId,
    iat: now,
    exp: now + 3600,
  };
  return {
    token_type: "Bearer",
    expires_in: 3600,
    access_token: `at-${issued}`,
    refresh_token: `rt-${issued}`,
    scope: "User.Read openid profile",
    id_token: jwt({ ...payload, preferred_username: account.username, ...claims }),
    client_info: encoded({ uid, utid: tenant }),
    ...over,
  };
}

const appTokens = (): Answer => ({
  token_type: "Bearer",
  expires_in: 3600,
  access_token: `app-${(issued += 1)}`,
});
const refusal = (suberror = ""): Answer => ({ error: "invalid_grant", error_description: "no", suberror });
const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function jwt(claims: unknown, secret?: string): string {
  const unsigned = `${encoded({ alg: secret ? "HS256" : "none" })}.${encoded(claims)}`;
  return `${unsigned}.${secret ? createHmac("sha256", secret).update(unsigned).digest("base64url") : ""}`;
}

type Library = (
  network: Network,
  over?: { auth?: Partial<NodeAuthOptions>; cache?: CacheOptions; system?: Configuration["system"] },
) => App;

const configuration: (...parameters: Parameters<Library>) => Configuration = (
  network,
  { auth, cache, system } = {},
) => ({
  auth: {
    clientId,
    clientSecret: "secret",
    authority: `https://login.microsoftonline.com/${tenant}`,
    ...auth,
  },
  cache: cache ?? {},
  system: { networkClient: network, ...system },
});
const tessera: Library = (network, over) => new ConfidentialClientApplication(configuration(network, over));
const msal: Library = (network, over) =>
  new peer.ConfidentialClientApplication(
    configuration(network, over) as peer.Configuration,
  ) as unknown as App;

async function differs<T>(
  sequence: (library: Library) => Promise<T>,
  here: T,
  withThePeer: T,
): Promise<void> {
  expect(await sequence(tessera)).toEqual(here);
  expect(await sequence(msal)).toEqual(withThePeer);
}

const codeOf = (error: { readonly errorCode?: string }): string => error.errorCode ?? "no code";
const signIn = (app: App): Promise<AuthenticationResult> =>
  app.acquireTokenByCode({ code: "code", scopes, redirectUri });

function plugin(file: { text: string }): ICachePlugin {
  return {
    beforeCacheAccess: async (context) => context.tokenCache.deserialize(file.text),
    afterCacheAccess: async (context) =>
      void (context.cacheHasChanged && (file.text = context.tokenCache.serialize())),
  };
}

type Entities = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
/** A document as MSAL Node writes it, with an account and what is given. */
function document(parts: {
  AccessToken?: Entities;
  RefreshToken?: Entities;
  AppMetadata?: Entities;
  Account?: Entities;
}): string {
  const entity = {
    home_account_id: home,
    environment: "login.windows.net",
    realm: tenant,
    local_account_id: uid,
    username: account.username,
    authority_type: "MSSTS",
  };
  return JSON.stringify({
    Account: { [`${home}-login.windows.net-${tenant}`]: entity },
    IdToken: {},
    AccessToken: {},
    RefreshToken: {},
    AppMetadata: {},
    ...parts,
  });
}
function accessToken(over: Answer = {}): Entities {
  const token = {
    home_account_id: home,
    environment: "login.windows.net",
    credential_type: "AccessToken",
    client_id: clientId,
    secret: "at",
    realm: tenant,
    target: "User.Read",
    cached_at: `${now}`,
    expires_on: `${now + 3600}`,
    extended_expires_on: `${now + 3600}`,
    token_type: "Bearer",
    ...over,
  };
  return {
    [`${token.home_account_id}-${token.environment}-accesstoken-${token.client_id}-${tenant}-${token.target}-`.toLowerCase()]:
      token,
  };
}
function refreshToken(over: Answer = {}): Entities {
  const token: Record<string, unknown> = {
    home_account_id: home,
    environment: "login.windows.net",
    credential_type: "RefreshToken",
    client_id: clientId,
    secret: "rt",
    ...over,
  };
  return {
    [`${String(token["home_account_id"])}-${String(token["environment"])}-refreshtoken-${String(token["family_id"] ?? token["client_id"])}---`.toLowerCase()]:
      token,
  };
}

function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

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
          id_token: jwt(claims, "secret"),
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

describe("removing an account", () => {
  it.each([
    {
      name: "an id with capitals, as AD FS and OpenID Providers have them",
      over: { home_account_id: "Sub|Q" },
      account: { ...account, homeAccountId: "Sub|Q" },
    },
    {
      name: "tokens under another name of the host",
      over: { environment: "login.microsoftonline.com" },
      account,
    },
  ])("takes along $name", async ({ over, account: removed }) => {
    const text = document({ AccessToken: accessToken(over), RefreshToken: refreshToken(over) });
    await differs(
      async (library) => {
        const app = library(new Network());
        app.getTokenCache().deserialize(text);
        await app.getTokenCache().removeAccount(removed);
        const { AccessToken, RefreshToken } = JSON.parse(app.getTokenCache().serialize()) as Record<
          string,
          object
        >;
        return Object.keys({ ...AccessToken, ...RefreshToken }).length;
      },
      0,
      2,
    );
  });

  it("while a refresh is in flight lets the caller have the token, and keeps nothing of it", async () => {
    const [arrived, held] = [gate(), gate()];
    const app = tessera(
      new Network(async () => {
        arrived.open();
        await held.opened;
        return tokens({ access_token: "late" });
      }),
    );
    app.getTokenCache().deserialize(document({ RefreshToken: refreshToken() }));
    const refreshed = app.acquireTokenSilent({ scopes, account });
    await arrived.opened;
    await app.removeAccount(account);
    held.open();
    expect(await refreshed).toMatchObject({ accessToken: "late" });
    expect(await app.getAllAccounts()).toEqual([]);
    expect(app.getTokenCache().stats().tokens).toBe(0);
  });
});

describe("a refresh token", () => {
  it("that has expired is not sent, also after it was written down and read back", async () => {
    await differs(
      async (library) => {
        const network = new Network(() => tokens({ expires_in: 10, refresh_token_expires_in: 200 }));
        const first = library(network);
        const { account: known } = await signIn(first);
        const restarted = library(network);
        restarted.getTokenCache().deserialize(first.getTokenCache().serialize());
        const outcome = await restarted
          .acquireTokenSilent({ scopes, account: known as AccountInfo })
          .then(() => "sent", codeOf);
        return [outcome, network.forms.length];
      },
      ["refresh_token_expired", 1],
      ["sent", 2],
    );
  });

  it("counts as expired five minutes before its end, or as the request says", async () => {
    const app = tessera(new Network());
    app.getTokenCache().deserialize(document({ RefreshToken: refreshToken({ expires_on: `${now + 400}` }) }));
    const silent = (refreshTokenExpirationOffsetSeconds?: number) =>
      app
        .acquireTokenSilent({ scopes: ["Mail.Read"], account, refreshTokenExpirationOffsetSeconds })
        .then(({ fromCache }) => fromCache, codeOf);
    expect(await silent(500)).toBe("refresh_token_expired");
    expect(await silent()).toBe(false);
  });

  it("of the family serves every client of the family", async () => {
    const text = document({
      RefreshToken: refreshToken({ client_id: other, family_id: "1", secret: "family" }),
      AppMetadata: {
        [`appmetadata-login.windows.net-${clientId}`]: {
          client_id: clientId,
          environment: "login.windows.net",
          family_id: "1",
        },
      },
    });
    await differs(
      async (library) => {
        const network = new Network(() => tokens({ foci: "1" }));
        const app = library(network);
        app.getTokenCache().deserialize(text);
        const outcome = await app.acquireTokenSilent({ scopes, account }).then(() => "renewed", codeOf);
        return [outcome, network.forms[0]?.["refresh_token"]];
      },
      ["renewed", "family"],
      ["no_tokens_found", undefined],
    );
  });

  it.each([true, false])(
    "of the family gives way to the client's own when the server says that it is for others (family known: %s)",
    async (known) => {
      const metadata = {
        [`appmetadata-login.windows.net-${clientId}`]: {
          client_id: clientId,
          environment: "login.windows.net",
          family_id: "1",
        },
      };
      const network = new Network(({ refresh_token }) =>
        refresh_token === "family" ? refusal("client_mismatch") : tokens(),
      );
      const app = tessera(network);
      const RefreshToken = {
        ...refreshToken({ secret: "own" }),
        ...refreshToken({ client_id: other, family_id: "1", secret: "family" }),
      };
      app
        .getTokenCache()
        .deserialize(document({ RefreshToken, ...(known ? { AppMetadata: metadata } : {}) }));
      await app.acquireTokenSilent({ scopes, account });
      expect(network.forms.map(({ refresh_token }) => refresh_token)).toEqual(
        known ? ["family", "own"] : ["own"],
      );
    },
  );

  it.each([
    {
      newest: "first",
      says: "by itself",
      stamp: (age: number) => ({ last_modification_time: `${now - age}` }),
    },
    {
      newest: "last",
      says: "by itself",
      stamp: (age: number) => ({ last_modification_time: `${now - age}` }),
    },
    { newest: "first", says: "by the access token beside it", stamp: () => ({}) },
  ])(
    "kept twice, under two names of the host, is the one written last, though it be $newest; the other goes (known $says)",
    async ({ newest, stamp }) => {
      const at = (environment: string, age: number, secret: string): [Entities, Entities] => [
        refreshToken({ environment, secret, ...stamp(age) }),
        accessToken({
          environment,
          cached_at: `${now - age}`,
          expires_on: `${now - 1}`,
          extended_expires_on: `${now + 60}`,
        }),
      ];
      const both = [at("login.windows.net", 10, "fresh"), at("login.microsoftonline.com", 1000, "stale")];
      if (newest === "last") both.reverse();
      const text = document({
        RefreshToken: Object.assign({}, ...both.map(([one]) => one)) as Entities,
        AccessToken: Object.assign({}, ...both.map(([, one]) => one)) as Entities,
      });
      const run = async (library: Library): Promise<unknown> => {
        const network = new Network();
        const app = library(network);
        app.getTokenCache().deserialize(text);
        await app.acquireTokenSilent({ scopes, account, forceRefresh: true });
        const { RefreshToken } = JSON.parse(app.getTokenCache().serialize()) as { RefreshToken: object };
        return [network.forms[0]?.["refresh_token"], Object.keys(RefreshToken).length];
      };
      expect(await run(tessera)).toEqual(["fresh", 1]);
      expect(await run(msal)).toEqual([newest === "first" ? "fresh" : "stale", 2]);
    },
  );

  it.each(["a plugin", "a token store"])(
    "that a sibling has renewed meanwhile is not the end: %s is read once more",
    async (kept) => {
      const partition = `user:${home}`;
      const [stale, renewed] = ["stale", "renewed"].map((secret) =>
        document({ RefreshToken: refreshToken({ secret }) }),
      ) as [string, string];
      await differs(
        async (library) => {
          const file = { text: stale };
          const store = createMemoryTokenStore();
          await store.update(partition, () => ({ document: stale }));
          const network = new Network(async ({ refresh_token }) => {
            if (refresh_token === "renewed") return tokens();
            file.text = renewed;
            await store.update(partition, () => ({ document: renewed }));
            return refusal();
          });
          const cache = kept === "a plugin" || library === msal ? { cachePlugin: plugin(file) } : { store };
          const outcome = await library(network, { cache })
            .acquireTokenSilent({ scopes, account })
            .then(() => "a token", codeOf);
          return [outcome, network.forms.map(({ refresh_token }) => refresh_token)];
        },
        ["a token", ["stale", "renewed"]],
        ["invalid_grant", ["stale"]],
      );
    },
  );

  it("that is bad leaves the cache, and is not sent again", async () => {
    const network = new Network(() => refusal("bad_token"));
    const app = tessera(network);
    app.getTokenCache().deserialize(document({ RefreshToken: refreshToken() }));
    const silent = () => app.acquireTokenSilent({ scopes, account }).catch(codeOf);
    expect([await silent(), await silent()]).toEqual(["invalid_grant", "no_tokens_found"]);
    expect(network.forms).toHaveLength(1);
  });

  it("that is refused for another reason stays: tomorrow it may do", async () => {
    const network: Network = new Network(() =>
      network.forms.length === 1 ? refusal("basic_action") : tokens(),
    );
    const app = tessera(network);
    app.getTokenCache().deserialize(document({ RefreshToken: refreshToken() }));
    const silent = () =>
      app.acquireTokenSilent({ scopes, account }).then(({ fromCache }) => fromCache, codeOf);
    expect([await silent(), await silent()]).toEqual(["invalid_grant", false]);
  });
});

describe("a token that is due for renewal", () => {
  const due = { refresh_on: `${now - 10}`, cached_at: `${now - 100}` };

  it("is handed out at once, and renewed in the background", async () => {
    const text = document({ AccessToken: accessToken(due), RefreshToken: refreshToken() });
    await differs(
      async (library) => {
        const held = gate();
        const app = library(new Network(() => held.opened.then(() => tokens())));
        app.getTokenCache().deserialize(text);
        let answered = false;
        const silent = app.acquireTokenSilent({ scopes, account }).then(() => (answered = true));
        for (let turn = 0; turn < 50; turn += 1) await nextTurn();
        const atOnce = answered;
        held.open();
        await silent;
        return atOnce;
      },
      true,
      false,
    );
  });

  it.each(["user", "app"])(
    "stays in use when that fails, and is tried again after a while: %s",
    async (whose) => {
      const clock = createTestClock();
      const network = new Network(() => Promise.reject(new Error("no network")));
      const app = tessera(network, { system: { clock } });
      const bound = whose === "app" ? { home_account_id: "", target: appScopes[0] } : {};
      app
        .getTokenCache()
        .deserialize(
          document({ AccessToken: accessToken({ ...due, ...bound }), RefreshToken: refreshToken() }),
        );
      for (const requests of [1, 1, 2]) {
        if (requests === 2) clock.advance(60);
        const result =
          whose === "app"
            ? app.acquireTokenByClientCredential({ scopes: appScopes })
            : app.acquireTokenSilent({ scopes, account });
        expect(await result).toMatchObject({ fromCache: true, accessToken: "at" });
        for (let turn = 0; turn < 50; turn += 1) await nextTurn();
        expect(network.forms).toHaveLength(requests);
      }
    },
  );

  it("of an app lets a failure escape with the peer", async () => {
    const app = msal(new Network(() => Promise.reject(new Error("no network"))));
    app
      .getTokenCache()
      .deserialize(
        document({ AccessToken: accessToken({ ...due, home_account_id: "", target: appScopes[0] }) }),
      );
    await expect(app.acquireTokenByClientCredential({ scopes: appScopes })).rejects.toThrow();
  });
});

describe("on behalf of a user", () => {
  const caller = (id: string): string => jwt({ sub: "s", jti: id });
  const request = (id: string, more: { authority?: string } = {}) => ({
    scopes,
    oboAssertion: caller(id),
    ...more,
  });
  const tenantIn = (url: string): Answer => {
    const tid = url.includes(otherTenant) ? otherTenant : tenant;
    return { tid, iss: `https://login.microsoftonline.com/${tid}/v2.0` };
  };
  const seen = (results: readonly AuthenticationResult[]): readonly boolean[] =>
    results.map(({ fromCache }) => fromCache);

  it("the tenant is part of the look-up", async () => {
    await differs(
      async (library) => {
        const app = library(new Network((_, url) => tokens({}, tenantIn(url))));
        const elsewhere = { authority: `https://login.microsoftonline.com/${otherTenant}` };
        const results = [
          await app.acquireTokenOnBehalfOf(request("1")),
          await app.acquireTokenOnBehalfOf(request("1", elsewhere)),
        ];
        return [
          ...results.map(({ fromCache }) => fromCache),
          results[0]?.accessToken === results[1]?.accessToken,
        ];
      },
      [false, false, false],
      [false, true, true],
    );
  });

  it("two assertions of one user live side by side", async () => {
    await differs(
      async (library) => {
        const app = library(new Network());
        const results: AuthenticationResult[] = [];
        for (const id of ["1", "2", "1", "2"]) results.push(await app.acquireTokenOnBehalfOf(request(id)));
        return seen(results);
      },
      [false, false, true, true],
      [false, false, false, false],
    );
  });

  it.each(["in the same process", "after a restart"])(
    "what comes from the cache is the whole result: %s",
    async (when) => {
      await differs(
        async (library) => {
          const file = { text: "" };
          const open = () => library(new Network(), { cache: { cachePlugin: plugin(file) } });
          const app = open();
          const first = await app.acquireTokenOnBehalfOf(request("1"));
          const {
            fromCache,
            account: user,
            idToken,
          } = await (when === "after a restart" ? open() : app).acquireTokenOnBehalfOf(request("1"));
          return [fromCache, user?.username ?? "nobody", idToken === first.idToken];
        },
        [true, account.username, true],
        when === "after a restart" ? [false, account.username, false] : [true, "nobody", false],
      );
    },
  );

  it.each(["a plugin", "memory"])("a user who is removed takes the tokens along: %s", async (kept) => {
    const cache = kept === "memory" ? {} : { cachePlugin: plugin({ text: "" }) };
    const app = tessera(new Network(), { cache });
    const { account: user } = await app.acquireTokenOnBehalfOf(request("1"));
    await app.acquireTokenOnBehalfOf(request("2"));
    await app.removeAccount(user as AccountInfo);
    expect(app.getTokenCache().stats()).toMatchObject({ partitions: { users: 0, assertions: 0 }, tokens: 0 });
    expect(await app.acquireTokenOnBehalfOf(request("1"))).toMatchObject({ fromCache: false });
  });

  it("a session that another user begins anew has nothing of the first user's", async () => {
    const bob = "10000000-0000-4000-8000-000000000b0b";
    const asBob = (scope = ""): Answer =>
      tokens({ client_info: encoded({ uid: bob, utid: tenant }), scope }, { oid: bob });
    const app = tessera(
      new Network(({ assertion, scope }) =>
        assertion === caller("alice") ? tokens({ scope }) : asBob(scope),
      ),
    );
    const begin = { sessionKey: "nightly job" };
    await app.acquireTokenOnBehalfOf({ ...begin, scopes: ["Mail.Read"], oboAssertion: caller("alice") });
    await app.acquireTokenOnBehalfOf({ ...begin, scopes, oboAssertion: caller("bob") });
    expect(await app.acquireTokenOnBehalfOf({ ...begin, scopes })).toMatchObject({
      fromCache: true,
      account: { localAccountId: bob },
    });
    const mail = await app.acquireTokenOnBehalfOf({ ...begin, scopes: ["Mail.Read"] });
    expect(mail).toMatchObject({ fromCache: false, account: { localAccountId: bob } });
  });

  it("an assertion leaves memory, and a token store, with its last token", async () => {
    const clock = createTestClock();
    const store = createMemoryTokenStore(clock);
    const [inMemory, inStore] = [{}, { store }].map((cache) =>
      tessera(new Network(), { cache, system: { clock } }),
    ) as [App, App];
    for (const app of [inMemory, inStore])
      for (const id of ["1", "2", "3"]) await app.acquireTokenOnBehalfOf(request(id));
    expect(inMemory.getTokenCache().stats().partitions.assertions).toBe(3);
    expect(await store.list("assertion:")).toHaveLength(3);
    clock.advance(3601);
    expect(inMemory.getTokenCache().stats().partitions.assertions).toBe(0);
    expect(await store.list("assertion:")).toEqual([]);
  });
});
