// Answers that are errors, or no answers: class and codes of what both libraries throw.
// proves: core/src/errors/errors.ts, core/src/response/server-error.ts, core/src/response/token-response.ts
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { correlationId, expectSameError, redeem, type Mistake } from "./compare-errors.js";
import { answerNext, userAnswer } from "./crafted-answers.js";
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

const clientId = "c0c0c0c0-0000-4000-8000-0000000000a1";

/** The token endpoint answers a code with this. */
const answer =
  (body: Readonly<Record<string, unknown>> | string, status = 200): Mistake["run"] =>
  (app) => {
    answerNext(stage.authority, body, status);
    return redeem(app);
  };
const userTokens =
  (over: Parameters<typeof userAnswer>[2], audience = clientId): Mistake["run"] =>
  (app) =>
    answer(userAnswer(stage.authority, audience, over))(app, stage);
const appTokens = (app: ConfidentialApp) =>
  app.acquireTokenByClientCredential({ scopes: appScopes, correlationId });

const asResult = "the peer makes a result of it, without a token";
const unreadable = "one code for every token response that cannot be used";
const unverified = "the peer does not check the claims of an ID token (OpenID Connect Core §3.1.3.7)";

describe("an OAuth error is the same for", () => {
  it.each(
    Object.entries<Mistake>({
      "interaction that is required": {
        run: answer(
          { error: "interaction_required", error_codes: [50076], error_description: "AADSTS50076: MFA" },
          400,
        ),
        error: "InteractionRequiredAuthError interaction_required 50076",
      },
      "consent that is required, with a claims challenge": {
        run: answer(
          {
            error: "invalid_grant",
            suberror: "consent_required",
            error_description: "AADSTS65001: no consent",
            error_codes: [65001],
            claims: '{"access_token":{"x":1}}',
            timestamp: "2026-01-01 00:00:00Z",
            trace_id: "b4a4a4a4-0000-4000-8000-000000000009",
            correlation_id: "b4a4a4a4-0000-4000-8000-000000000008",
          },
          400,
        ),
        error: "InteractionRequiredAuthError invalid_grant (consent_required) 65001",
      },
      "a text that only mentions a login": {
        run: answer({ error: "access_denied", error_description: "no login_required here" }, 400),
        error: "InteractionRequiredAuthError access_denied",
        tessera: "ServerError access_denied",
        why: "only error and suberror decide; the peer searches the text, too",
      },
      "a token that has expired": {
        run: answer({ error: "invalid_grant", suberror: "token_expired", error_codes: [700082] }, 400),
        error: "ServerError invalid_grant (token_expired) 700082",
      },
      "too many requests": {
        run: answer({ error: "temporarily_unavailable", error_codes: [90055] }, 429),
        error: "ServerError temporarily_unavailable 90055",
      },
      "a broken server": {
        run: answer({ error: "server_error", error_description: "d" }, 500),
        error: "ServerError server_error",
      },
      "a broken server, to an app": {
        run: (app) => {
          answerNext(stage.authority, { error: "server_error", error_codes: [90033] }, 503);
          return appTokens(app);
        },
        error: "ServerError server_error 90033",
        tessera: "a result",
        why: "a request that may be sent any number of times is sent again",
      },
    }),
  )("%s", (_, mistake) => expectSameError(stage, mistake));
});

describe("the error is the same for an answer that is", () => {
  it.each(
    Object.entries<Mistake>({
      "HTTP 500 with JSON that is no error": {
        run: answer({ message: "oops" }, 500),
        error: "a result",
        tessera: "ServerError server_error",
        why: asResult,
      },
      "HTTP 500 with text": {
        run: answer("oops", 500),
        error: "AuthError token_parsing_error",
        tessera: "ServerError server_error",
        why: "the status tells what is wrong",
      },
      "HTTP 200 with a page": {
        run: answer("<html></html>"),
        error: "AuthError token_parsing_error",
        tessera: "ClientAuthError invalid_token_response",
        why: unreadable,
      },
      "HTTP 200 with null": {
        run: answer("null"),
        error: "ClientAuthError network_error",
        tessera: "ClientAuthError invalid_token_response",
        why: unreadable,
      },
      "without an access token": {
        run: userTokens({ access_token: undefined }),
        error: "a result",
        tessera: "ClientAuthError invalid_token_response",
        why: asResult,
      },
      "valid for a thousand years": {
        run: userTokens({ expires_in: 1e14 }),
        error: "a result",
        tessera: "ClientAuthError invalid_token_response",
        why: "no server means it; the peer's result has an invalid date",
      },
      "with an ID token that is no JWT": {
        run: userTokens({ id_token: "a.b.c" }),
        error: "ClientAuthError token_parsing_error",
      },
      "without an ID token, after a nonce was sent": {
        run: (app) => {
          answerNext(stage.authority, userAnswer(stage.authority, clientId, { id_token: undefined }));
          return redeem(app, { nonce: "n" });
        },
        error: "ClientAuthError nonce_mismatch",
      },
      "without an ID token, after no nonce was sent": {
        run: userTokens({ id_token: undefined }),
        error: "a result",
      },
      "with client info that is no JSON": {
        run: userTokens({ client_info: "%%%" }),
        error: "ClientAuthError client_info_decoding_error",
      },
      "with an ID token for another app": {
        run: userTokens({}, "another app"),
        error: "a result",
        tessera: "ClientAuthError invalid_id_token",
        why: unverified,
      },
      "with an ID token of another issuer": {
        run: userTokens({ claims: { iss: "https://evil.example/v2.0" } }),
        error: "a result",
        tessera: "ClientAuthError invalid_id_token",
        why: unverified,
      },
      "with an ID token that has expired": {
        run: userTokens({ claims: { exp: 1 } }),
        error: "a result",
        tessera: "ClientAuthError invalid_id_token",
        why: unverified,
      },
    }),
  )("%s", (_, mistake) => expectSameError(stage, mistake));
});

describe("the error is the same for a connection that", () => {
  it.each(
    Object.entries<Mistake>({
      "cannot be made": {
        configuration: () => ({
          auth: { authority: "https://localhost:1/contoso", knownAuthorities: ["localhost:1"] },
        }),
        run: appTokens,
        error: "ClientAuthError endpoints_resolution_error",
      },
      "breaks during discovery": {
        run: (app) => {
          const fault = stage.authority.fault({
            match: "openid-configuration",
            reset: true,
            times: Infinity,
          });
          return appTokens(app).finally(() => {
            fault.clear();
          });
        },
        error: "ClientAuthError endpoints_resolution_error",
      },
      "breaks during a redemption": {
        run: (app) => {
          stage.authority.fault({ match: "token", reset: true });
          return redeem(app);
        },
        error: "AuthError network_error",
        tessera: "ClientAuthError network_error",
        why: "the peer throws a NetworkError, which it does not export",
      },
      "breaks during a renewal": {
        run: async (app) => {
          const account = accountOf(await signInWith(app, stage));
          stage.authority.fault({ match: "token", reset: true });
          return app.acquireTokenSilent({ account, scopes: graph, forceRefresh: true, correlationId });
        },
        error: "AuthError network_error",
        tessera: "ClientAuthError network_error",
        why: "the peer throws a NetworkError, which it does not export",
      },
    }),
  )("%s", (_, mistake) => expectSameError(stage, mistake));

  it("cannot be made, with what went wrong as the cause; the peer drops it", async () => {
    const { peer, tessera } = await stage.both(async (library) => {
      // Nothing listens there, and it is not a port that fetch refuses.
      const auth = { authority: "https://localhost:65534/contoso", knownAuthorities: ["localhost:65534"] };
      return appTokens(stage.app(library, "confidential", { auth })).catch((error: unknown) => error);
    });
    expect(peer.value).not.toHaveProperty("cause");
    expect(tessera.value).toMatchObject({
      message: expect.stringContaining("ECONNREFUSED"),
      cause: { errorCode: "network_error" },
    });
  });

  it("breaks once during discovery, which Tessera tries again", async () => {
    const { peer, tessera } = await stage.both(async (library) => {
      stage.authority.fault({ match: "openid-configuration", reset: true });
      return appTokens(stage.app(library, "confidential")).catch((error: unknown) => error);
    });
    expect(peer.value).toMatchObject({ errorCode: "endpoints_resolution_error" });
    expect(tessera.value).toMatchObject({ tokenType: "Bearer" });
  });
});

it("after HTTP 503, the peer refuses every user of the same scopes for a minute; Tessera only does what Retry-After asks", async () => {
  const { peer, tessera } = await stage.both(async (library) => {
    const app = stage.app(library, "confidential");
    stage.authority.fault({ match: "token", status: 503, body: '{"error":"server_error"}' });
    await expect(redeem(app)).rejects.toThrow();
    return signInWith(app, stage).catch((error: unknown) => error);
  });
  expect(peer.value).toBeInstanceOf(Error);
  expect(tessera.value).toMatchObject({ account: { username: stage.user.username } });
});
