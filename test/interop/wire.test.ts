// Both libraries make the same call of the same configuration; the local authority writes down what arrives.
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { AccountInfo, AuthorizationUrlRequest, INetworkModule, NetworkRequestOptions } from "@azure/msal-node";
import { peerNetwork } from "../support/peer-network.js";
import { authorizeParameters, expectSame, flatten, normalised, wire, type Explained } from "./compare.js";
import {
  accountOf,
  appScopes,
  codeFor,
  graph,
  pkce,
  redirectUri,
  signInWith,
  startStage,
  type App,
  type AppKind,
  type ConfidentialApp,
  type PartialConfiguration,
  type Stage,
} from "./stage.js";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

const kinds: readonly AppKind[] = ["confidential", "public"];

const home = "c0c0c0c0-0000-4000-8000-0000000000b1.c0c0c0c0-0000-4000-8000-000000000000";
const account: AccountInfo = {
  homeAccountId: home,
  environment: "localhost",
  tenantId: home.slice(37),
  username: "alice@contoso.example",
  localAccountId: home.slice(0, 36),
};
const known = { ...account, loginHint: "O.hint", idTokenClaims: { login_hint: "O.hint", sid: "sid-1" } };
const guid = /[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}(?=$|&)/g;
const claims = JSON.stringify({ access_token: { nbf: { essential: true, value: "1" } }, id_token: { login_hint: null } });

interface UrlCase {
  readonly request?: Partial<AuthorizationUrlRequest>;
  readonly configuration?: PartialConfiguration;
  readonly differs?: readonly Explained[];
}

describe.each(kinds)("the authorization URL of a %s client", (kind) => {
  it.each(
    Object.entries<UrlCase>({
      "with what is needed": {},
      "with state, nonce and PKCE": {
        request: { state: "state-1", nonce: "nonce-1", codeChallenge: pkce.challenge, codeChallengeMethod: "S256" },
      },
      "with a login hint and a domain hint": { request: { loginHint: "alice@contoso.example", domainHint: "contoso.example" } },
      "with prompt=login": { request: { prompt: "login", loginHint: "alice@contoso.example" } },
      "with prompt=select_account, which takes no hint": {
        request: { prompt: "select_account", loginHint: "x", account: known },
      },
      "with prompt=none and a session": { request: { prompt: "none", sid: "sid-2", account: known } },
      "with prompt=none and the session of an account": {
        request: { prompt: "none", account: { ...account, idTokenClaims: { sid: "sid-1" } } },
      },
      "with the login hint of an account": { request: { account: known, loginHint: "other@contoso.example" } },
      "with the user name of an account": { request: { account } },
      "with an account and another login hint": { request: { account, loginHint: "other@contoso.example" } },
      "with an account and a domain hint": { request: { account: known, domainHint: "contoso.example" } },
      "with an account without tenant": {
        request: { account: { ...account, homeAccountId: "sub-1" } },
        differs: [
          {
            at: "authorize.query.X-AnchorMailbox",
            peer: "Oid:sub-1@",
            why: "the header is Oid:{user}@{tenant}; without a tenant it routes nowhere",
          },
        ],
      },
      "with claims": { request: { claims } },
      "with claims and client capabilities": { request: { claims }, configuration: { auth: { clientCapabilities: ["CP1"] } } },
      "with a response mode": { request: { responseMode: "form_post" } },
      "with more scopes to consent to": { 
        request: { extraScopesToConsent: ["api://other/read"] },
        differs: [
          {
            at: "authorize.query.scope",
            peer: `${graph.join(" ")} openid profile offline_access api://other/read`,
            tessera: `${graph.join(" ")} api://other/read openid profile offline_access`,
            why: "the order of scopes means nothing (RFC 6749 §3.3)",
          },
        ],
      },
      "with repeated and OpenID Connect scopes": { request: { scopes: ["User.Read", "openid", "User.Read", "email"] } },
      "with extra parameters": { request: { extraQueryParameters: { dc: "ESTS-PUB", slice: "a b&c" } } },
      "with extra parameters that are the protocol's own": { request: { extraQueryParameters: { prompt: "login", scope: "x" } } },
      "with a correlation id": { request: { correlationId: "b4a4a4a4-0000-4000-8000-000000000001" } },
      "with the name of the app": { configuration: { telemetry: { application: { appName: "App", appVersion: "1" } } } },
      "at another authority": { request: { authority: "common" } },
    }),
  )("is the same %s", async (_, { request = {}, configuration, differs = [] }) => {
    const authority = request.authority && stage.authority.authorityUrl(request.authority);
    const { peer, tessera } = await stage.both(async (library) => {
      const app = stage.app(library, kind, configuration);
      return authorizeParameters(await app.getAuthCodeUrl({ scopes: graph, redirectUri, ...request, authority }));
    });
    expectSame(peer.value, tessera.value, [...differs, ...libraryInfo(peer.value)]);
  });
});

const inQuery: Explained = {
  at: "token.form.client-request-id",
  peer: "a guid",
  why: "the query of the same request carries it; the peer sends it twice",
};

const whyNotCached: Explained = {
  at: "token.form.x-client-current-telemetry",
  peer: "5|771,0,,,|,",
  tessera: "5|771,1,,,|,",
  why: "1 stands for: asked to pass the cache by; the peer says so in silent calls only",
};
const idTokenClaims = (...names: readonly string[]): readonly Explained[] =>
  names.map((name) => ({
    at: `token.form.claims.id_token.${name}.essential`,
    peer: false,
    why: "an app gets no ID token, so Tessera asks for nothing in one",
  }));

interface TokenCase {
  readonly run: (app: App, configuration: PartialConfiguration) => Promise<unknown>;
  readonly configuration?: PartialConfiguration;
  readonly differs?: readonly Explained[];
}

async function expectSameRequests(kind: AppKind, { run, configuration = {}, differs = [] }: TokenCase): Promise<void> {
  const { peer, tessera } = await stage.both((library) => run(stage.app(library, kind, configuration), configuration));
  const expected = wire(peer.requests);
  expect(Object.keys(expected)).toContain("token");
  expectSame(expected, wire(tessera.requests), [...differs, ...libraryInfo(expected)]);
}

describe.each(kinds)("the requests of a %s client", (kind) => {
  const afterSignIn =
    (run: (app: App, account: AccountInfo) => Promise<unknown>): TokenCase["run"] =>
    async (app) => {
      const signedIn = await signInWith(app, stage);
      stage.authority.clearRequests();
      return run(app, accountOf(signedIn));
    };

  it.each(
    Object.entries<TokenCase>({
      "a code": { run: (app) => signInWith(app, stage) },
      "a code with nonce, state and claims": {
        run: (app) => signInWith(app, stage, { nonce: "nonce-1", state: "state-1", claims }),
      },
      "a code with client info": {
        run: (app) => signInWith(app, stage, { clientInfo: Buffer.from('{"uid":"u","utid":"t"}').toString("base64url") }),
      },
      "a code for a single-page app too": { run: (app) => signInWith(app, stage, { enableSpaAuthorizationCode: true }) },
      "a code with extra parameters": {
        run: (app) =>
          signInWith(app, stage, { extraQueryParameters: { dc: "a b" }, extraParameters: { extra: "1", scope: "x" } }),
      },
      "a code at a tenant that is given by its domain": {
        run: (app) => signInWith(app, stage, { authority: stage.authority.authorityUrl("contoso.example") }),
        differs: [
          {
            at: "token.path",
            peer: "/contoso.example/oauth2/v2.0/token",
            tessera: `/${account.tenantId}/oauth2/v2.0/token`,
            why: "Tessera uses the endpoint that discovery names; the peer writes the domain into it",
          },
        ],
      },
      "a code for an app with a name and capabilities": {
        run: (app) => signInWith(app, stage),
        configuration: {
          auth: { clientCapabilities: ["CP1", "CP2"] },
          telemetry: { application: { appName: "App", appVersion: "1.2" } },
        },
      },
      "a token that expired": {
        run: afterSignIn((app, account) => {
          stage.advance(3600);
          return app.acquireTokenSilent({ account, scopes: graph });
        }),
      },
      "a token that is forced to be new": {
        run: afterSignIn((app, account) => app.acquireTokenSilent({ account, scopes: graph, forceRefresh: true })),
      },
      "a token with more claims": {
        run: afterSignIn((app, account) => app.acquireTokenSilent({ account, scopes: graph, claims })),
      },
      "a token for another resource": {
        run: afterSignIn((app, account) =>
          app.acquireTokenSilent({ account, scopes: ["api://c0c0c0c0-0000-4000-8000-0000000000a1/read"] }),
        ),
      },
      "a token after two that were in the cache": {
        run: afterSignIn(async (app, account) => {
          await app.acquireTokenSilent({ account, scopes: graph });
          await app.acquireTokenSilent({ account, scopes: graph });
          return app.acquireTokenSilent({ account, scopes: graph, forceRefresh: true });
        }),
      },
      "a token after a failure": {
        run: afterSignIn(async (app, account) => {
          const correlationId = "b4a4a4a4-0000-4000-8000-000000000002";
          const scopes = ["api://unknown resource/read"];
          await expect(app.acquireTokenSilent({ account, scopes, correlationId })).rejects.toThrow();
          await app.acquireTokenSilent({ account, scopes: graph, forceRefresh: true });
          return app.acquireTokenSilent({ account, scopes: graph, forceRefresh: true });
        }),
        differs: [
          {
            at: "token#2.form.x-client-last-telemetry",
            peer: "5|0|||0,0",
            tessera: "5|0|62,b4a4a4a4-0000-4000-8000-000000000002|invalid_scope|1,0",
            why: "the peer does not wait for the refresh where it would note the failure, so it never reports one",
          },
        ],
      },
      "a code after one that was refused": {
        run: async (app) => {
          const correlationId = "b4a4a4a4-0000-4000-8000-000000000003";
          const request = { scopes: graph, redirectUri, correlationId };
          await expect(app.acquireTokenByCode({ ...request, code: "wrong" })).rejects.toThrow();
          return signInWith(app, stage);
        },
      },
      "an imported refresh token": {
        run: afterSignIn((app) => {
          const { RefreshToken } = JSON.parse(app.getTokenCache().serialize());
          const [{ secret: refreshToken }] = Object.values(RefreshToken) as [{ secret: string }];
          return app.acquireTokenByRefreshToken({ refreshToken, scopes: graph, redirectUri, claims });
        }),
      },
    }),
  )("are the same for %s", (_, row) => expectSameRequests(kind, row));
});

describe("the requests of a confidential client for itself", () => {
  const ask =
    (request: Parameters<ConfidentialApp["acquireTokenByClientCredential"]>[0]): TokenCase["run"] =>
    (app) =>
      (app as ConfidentialApp).acquireTokenByClientCredential({ scopes: appScopes, ...request });

  it.each(
    Object.entries<TokenCase>({
      "a token": { run: ask({}), differs: [inQuery] },
      "a token with claims": {
        run: ask({ claims }),
        differs: [inQuery, whyNotCached, ...idTokenClaims("signin_state", "tenant_region_sub_scope")],
      },
      "a token with client capabilities": {
        run: ask({}),
        configuration: { auth: { clientCapabilities: ["CP1"] } },
        differs: [inQuery, ...idTokenClaims("signin_state", "login_hint", "tenant_region_sub_scope")],
      },
      "a token past the cache": { run: ask({ skipCache: true }), differs: [inQuery, whyNotCached] },
      "a token, asked with OpenID Connect scopes": { run: ask({ scopes: ["openid", ...appScopes] }), differs: [inQuery] },
    }),
  )("are the same for %s", (_, row) => expectSameRequests("confidential", row));
});

it("a public client sends the same to common", () =>
  expectSameRequests("public", {
    run: (app) => signInWith(app, stage, { authority: stage.authority.authorityUrl("common") }),
  }));

describe("what is handed to an app's own network client", () => {
  it("is the same, to the case of header names", async () => {
    const { peer, tessera } = await stage.both(async (library) => {
      const network = peerNetwork(stage.authority.caPem);
      const calls: unknown[] = [];
      const note = (method: string, url: string, options: NetworkRequestOptions = {}, timeout?: number) => {
        const form = options.body && Object.fromEntries(new URLSearchParams(options.body));
        calls.push(normalised({ method, url: url.replace(guid, "a guid"), headers: options.headers, form, timeout }));
      };
      const networkClient: INetworkModule = {
        sendGetRequestAsync: (url, options, timeout) => {
          note("GET", url, options, timeout);
          return network.sendGetRequestAsync(url, options, timeout);
        },
        sendPostRequestAsync: (url, options) => {
          note("POST", url, options);
          return network.sendPostRequestAsync(url, options);
        },
      };
      const app = stage.app(library, "confidential", { system: { networkClient } });
      const account = accountOf(await signInWith(app, stage));
      await app.acquireTokenSilent({ account, scopes: graph, forceRefresh: true });
      await network.close();
      return calls;
    });
    const accept = { tessera: "application/json", why: "some providers choose the format of an answer by it" };
    expectSame(peer.value, tessera.value, [
      ...libraryInfo(peer.value),
      { at: "0.timeout", tessera: 30_000, why: "the peer waits for an answer without end" },
      ...["0", "1", "2"].map((call) => ({ at: `${call}.headers.accept`, ...accept })),
    ]);
  });
});

/** The name and version in a list of parameters: each library gives its own. */
function libraryInfo(peer: unknown): readonly Explained[] {
  const why = "each library gives its own name and version";
  return Object.keys(flatten(peer)).flatMap((at) => {
    if (at.endsWith("x-client-SKU")) return [{ at, peer: "msal.js.node", tessera: "tessera.node", why }];
    return at.endsWith("x-client-VER") ? [{ at, peer: "7.2.1", tessera: "0.1.0", why }] : [];
  });
}
