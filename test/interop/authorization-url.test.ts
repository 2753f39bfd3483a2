// Both libraries build the URL that a sign-in starts with, from the same configuration and the same request.
// proves: core/src/flows/authorization-url.ts
import type { AccountInfo, AuthorizationUrlRequest } from "@azure/msal-node";
import { afterAll, beforeAll, describe, it } from "@jest/globals";
import { authorizeParameters, expectSame, libraryInfo, type Explained } from "./compare.js";
import {
  challengedClaims as claims,
  graph,
  pkce,
  redirectUri,
  startStage,
  type App,
  type AppKind,
  type Library,
  type PartialConfiguration,
  type Stage,
} from "./stage.js";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

const home = "c0c0c0c0-0000-4000-8000-0000000000b1.c0c0c0c0-0000-4000-8000-000000000000";
const account: AccountInfo = {
  homeAccountId: home,
  environment: "localhost",
  tenantId: home.slice(37),
  username: "alice@contoso.example",
  localAccountId: home.slice(0, 36),
};
const known = { ...account, loginHint: "O.hint", idTokenClaims: { login_hint: "O.hint", sid: "sid-1" } };

const apps = new Map<string, App>();

/** One application for each configuration: a URL leaves nothing behind in it. */
function appOf(library: Library, kind: AppKind, configuration: PartialConfiguration = {}): App {
  const key = JSON.stringify([library.name, kind, configuration]);
  const app = apps.get(key) ?? stage.app(library, kind, configuration);
  apps.set(key, app);
  return app;
}

interface UrlCase {
  readonly request?: Partial<AuthorizationUrlRequest>;
  readonly configuration?: PartialConfiguration;
  readonly differs?: readonly Explained[];
}

describe.each<AppKind>(["confidential", "public"])("the authorization URL of a %s client", (kind) => {
  it.each(
    Object.entries<UrlCase>({
      "with what is needed": {},
      "with state, nonce and PKCE": {
        request: {
          state: "state-1",
          nonce: "nonce-1",
          codeChallenge: pkce.challenge,
          codeChallengeMethod: "S256",
        },
      },
      "with a login hint and a domain hint": {
        request: { loginHint: "alice@contoso.example", domainHint: "contoso.example" },
      },
      "with prompt=login": { request: { prompt: "login", loginHint: "alice@contoso.example" } },
      "with prompt=select_account, which takes no hint": {
        request: { prompt: "select_account", loginHint: "x", account: known },
      },
      "with prompt=none and a session": { request: { prompt: "none", sid: "sid-2", account: known } },
      "with prompt=none and the session of an account": {
        request: { prompt: "none", account: { ...account, idTokenClaims: { sid: "sid-1" } } },
      },
      "with the login hint of an account": {
        request: { account: known, loginHint: "other@contoso.example" },
      },
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
      "with claims and client capabilities": {
        request: { claims },
        configuration: { auth: { clientCapabilities: ["CP1"] } },
      },
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
      "with repeated and OpenID Connect scopes": {
        request: { scopes: ["User.Read", "openid", "User.Read", "email"] },
      },
      "with extra parameters": { request: { extraQueryParameters: { dc: "ESTS-PUB", slice: "a b&c" } } },
      "with extra parameters that are the protocol's own": {
        request: { extraQueryParameters: { prompt: "login", scope: "x" } },
      },
      "with a correlation id": { request: { correlationId: "b4a4a4a4-0000-4000-8000-000000000001" } },
      "with the name of the app": {
        configuration: { telemetry: { application: { appName: "App", appVersion: "1" } } },
      },
      "at another authority": { request: { authority: "common" } },
    }),
  )("is the same %s", async (_, { request = {}, configuration, differs = [] }) => {
    const authority = request.authority && stage.authority.authorityUrl(request.authority);
    const { peer, tessera } = await stage.both(async (library) => {
      const app = appOf(library, kind, configuration);
      return authorizeParameters(
        await app.getAuthCodeUrl({ scopes: graph, redirectUri, ...request, authority }),
      );
    });
    expectSame(peer.value, tessera.value, [...differs, ...libraryInfo(peer.value)]);
  });
});
