// The same mistake, made with both libraries: class and codes of the error, and what was sent before it.
// proves: core/src/errors/errors.ts, core/src/errors/error-codes.ts
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { ClientCredentialRequest, ServerError, SilentFlowRequest } from "@azure/msal-node";
import { correlationId, expectSameError, redeem, unchecked, type Mistake } from "./compare-errors.js";
import {
  accountOf,
  appScopes,
  graph,
  signInWith,
  startStage,
  type ConfidentialApp,
  type Stage,
} from "./stage.js";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

const asApp = (app: ConfidentialApp, over: ClientCredentialRequest = {}) =>
  app.acquireTokenByClientCredential({ scopes: appScopes, correlationId, ...over });

const at = (tenant: string) => (stage: Stage) => ({
  auth: { authority: stage.authority.authorityUrl(tenant) },
});

describe("configuration: the error is the same for", () => {
  it.each(
    Object.entries<Mistake>({
      "a wrong secret": {
        configuration: () => ({ auth: { clientSecret: "wrong" } }),
        run: (app) => asApp(app),
        error: "ServerError invalid_client 7000215",
      },
      "an unknown client": {
        configuration: () => ({ auth: { clientId: "c0c0c0c0-0000-4000-8000-00000000dead" } }),
        run: (app) => asApp(app),
        error: "ServerError unauthorized_client 700016",
      },
      "an empty client id": {
        configuration: () => ({ auth: { clientId: "" } }),
        run: (app) => asApp(app),
        error: "ServerError invalid_request 900144",
        tessera: "ClientConfigurationError client_id_missing",
        why: unchecked,
      },
      "no credential": {
        configuration: () => ({ auth: { clientSecret: undefined } }),
        run: (app) => asApp(app),
        error: "ClientAuthError invalid_client_credential",
      },
      "a secret for a public client": {
        kind: "public",
        configuration: () => ({ auth: { clientSecret: "contoso-web-secret" } }),
        run: (app) => signInWith(app, stage),
        error: "a result",
      },
      "an http authority": {
        configuration: () => ({ auth: { authority: "http://login.example/contoso" } }),
        run: (app) => asApp(app),
        error: "ClientConfigurationError authority_uri_insecure",
      },
      "an authority that is no URL": {
        configuration: () => ({ auth: { authority: "contoso" } }),
        run: (app) => asApp(app),
        error: "ClientConfigurationError url_parse_error",
      },
      "a tenant that does not exist": {
        configuration: at("nowhere.example"),
        run: (app) => asApp(app),
        error: "ClientAuthError endpoints_resolution_error",
      },
      "common for an app's own token": {
        configuration: at("common"),
        run: (app) => asApp(app),
        error: "ClientAuthError missing_tenant_id_error",
      },
      "organizations for an app's own token": {
        configuration: at("organizations"),
        run: (app) => asApp(app),
        error: "ClientAuthError missing_tenant_id_error",
      },
    }),
  )("%s", (_, mistake) => expectSameError(stage, mistake));
});

describe("client credentials: the error is the same for", () => {
  it.each(
    Object.entries<Mistake>({
      "scopes that are missing": {
        run: (app) => app.acquireTokenByClientCredential({ correlationId }),
        error: "ClientConfigurationError empty_input_scopes_error",
      },
      "scopes that are empty": {
        run: (app) => asApp(app, { scopes: [] }),
        error: "ClientConfigurationError empty_input_scopes_error",
      },
      "scopes that are a text": {
        run: (app) => asApp(app, { scopes: appScopes[0] as never }),
        error: "ServerError invalid_scope 70011",
        tessera: "ClientConfigurationError empty_input_scopes_error",
        why: "the peer takes each letter for a scope",
      },
      "a scope that is no .default": {
        run: (app) => asApp(app, { scopes: ["User.Read"] }),
        error: "ServerError invalid_scope 1002012",
      },
      "claims that are not JSON": {
        run: (app) => asApp(app, { claims: "{" }),
        error: "a result",
        tessera: "ClientConfigurationError invalid_claims",
        why: "the peer drops them in this flow, and gets a token without what was asked for",
      },
      "claims that are no object": {
        run: (app) => asApp(app, { claims: "[1]" }),
        error: "ClientConfigurationError invalid_claims",
      },
      "an authority that is http": {
        run: (app) => asApp(app, { authority: "http://login.example/contoso" }),
        error: "ClientConfigurationError authority_uri_insecure",
      },
      "an authority that is no URL": {
        run: (app) => asApp(app, { authority: "contoso" }),
        error: "ClientConfigurationError url_parse_error",
      },
    }),
  )("%s", (_, mistake) => expectSameError(stage, mistake));
});

describe("silent and refresh: the error is the same for", () => {
  const account = {
    homeAccountId: "u.t",
    environment: "localhost",
    tenantId: "t",
    username: "u",
    localAccountId: "u",
  };
  const silently = (app: ConfidentialApp, request: Partial<SilentFlowRequest>) =>
    app.acquireTokenSilent({ scopes: graph, correlationId, ...request } as SilentFlowRequest);
  const afterSignIn = (prepare: () => void) => async (app: ConfidentialApp) => {
    const account = accountOf(await signInWith(app, stage));
    prepare();
    return silently(app, { account, forceRefresh: true });
  };

  it.each(
    Object.entries<Mistake>({
      "no account": {
        run: (app) => silently(app, {}),
        error: "ClientAuthError no_account_in_silent_request",
      },
      "an account that is not in the cache": {
        run: (app) => silently(app, { account }),
        error: "InteractionRequiredAuthError no_tokens_found",
      },
      "an account without a home id": {
        run: (app) => silently(app, { account: { ...account, homeAccountId: "" } }),
        error: "InteractionRequiredAuthError no_tokens_found",
        tessera: "ClientAuthError no_account_in_silent_request",
        why: "signing in would not help: the app has lost the id of its user",
      },
      "a refresh token that expired": {
        run: afterSignIn(() => {
          stage.advance(100 * 86_400);
        }),
        error: "ServerError invalid_grant 700082",
      },
      "a refresh token that was revoked": {
        run: afterSignIn(() => {
          stage.authority.revokeSignInSessions(stage.user.username);
        }),
        error: "InteractionRequiredAuthError invalid_grant (bad_token) 50173",
      },
      "a scope of a resource with a space": {
        run: async (app) =>
          silently(app, { account: accountOf(await signInWith(app, stage)), scopes: ["a b/c"] }),
        error: "ServerError invalid_request 28000",
      },
      "an imported refresh token that is wrong": {
        run: (app) => app.acquireTokenByRefreshToken({ refreshToken: "wrong", scopes: graph, correlationId }),
        error: "ServerError invalid_grant 9002313",
      },
      "an imported refresh token that is empty": {
        run: (app) => app.acquireTokenByRefreshToken({ refreshToken: "", scopes: graph, correlationId }),
        error: "ServerError invalid_request 900144",
        tessera: "ClientConfigurationError token_request_empty",
        why: unchecked,
      },
    }),
  )("%s", (_, mistake) => expectSameError(stage, mistake));
});

describe("details of an error", () => {
  const wrongSecret = () =>
    stage.both(async (library) => {
      const app = stage.app(library, "confidential");
      return redeem(app).catch((error: unknown) => error as ServerError);
    });

  it("say what is wrong and what to do; the peer gives a link", async () => {
    const { peer, tessera } = await stage.both(async (library) => {
      const app = stage.app(library, "confidential");
      return app.acquireTokenByClientCredential({}).catch((error: unknown) => error);
    });
    expect(peer.value).toHaveProperty(
      "errorMessage",
      expect.stringMatching(/^See https:\/\/aka\.ms\/\S+ for details$/),
    );
    expect(tessera.value).toHaveProperty("errorMessage", expect.stringMatching(/^scopes is missing: pass /));
  });

  it("give Entra's number as a number, though the peer's type says text", async () => {
    const { peer, tessera } = await wrongSecret();
    for (const { value } of [peer, tessera]) expect(value).toHaveProperty("errorNo", 9002313);
  });

  it("give the HTTP status in every flow; the peer gives it for client credentials only", async () => {
    const { peer, tessera } = await wrongSecret();
    expect(peer.value).toHaveProperty("status", undefined);
    expect(tessera.value).toHaveProperty("status", 400);
  });

  it("give the caller's correlation id; the peer has the server's when a silent renewal fails", async () => {
    const { peer, tessera } = await stage.both(async (library) => {
      const app = stage.app(library, "confidential");
      const account = accountOf(await signInWith(app, stage));
      stage.authority.fault({
        match: "token",
        status: 400,
        body: '{"error":"invalid_grant","correlation_id":"theirs"}',
      });
      const request = { account, scopes: graph, forceRefresh: true, correlationId };
      return app.acquireTokenSilent(request).catch((error: unknown) => error);
    });
    expect(peer.value).toHaveProperty("correlationId", "theirs");
    expect(tessera.value).toHaveProperty("correlationId", correlationId);
  });
});

it("a request that cannot be changed is accepted; the peer writes into it", async () => {
  const { peer, tessera } = await stage.both(async (library) => {
    const request = Object.freeze({ scopes: appScopes });
    return stage
      .app(library, "confidential")
      .acquireTokenByClientCredential(request)
      .catch((error: unknown) => error);
  });
  expect(peer.value).toBeInstanceOf(TypeError);
  expect(tessera.value).toMatchObject({ tokenType: "Bearer" });
});

it("a configuration that cannot work is refused by the constructor; the peer waits for the first call", async () => {
  const { peer, tessera } = await stage.both(async (library) => {
    try {
      return stage.app(library, "confidential", { auth: { authority: "http://login.example/contoso" } });
    } catch (error) {
      return error;
    }
  });
  expect(peer.value).not.toBeInstanceOf(Error);
  expect(tessera.value).toMatchObject({ errorCode: "authority_uri_insecure" });
});
