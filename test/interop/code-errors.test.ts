// The same mistake in the authorization code flow, made with both libraries: class and codes of the error.
import { afterAll, beforeAll, describe, it } from "@jest/globals";
import { correlationId, expectSameError, redeem, unchecked, type Mistake } from "./compare-errors.js";
import { codeFor, graph, pkce, redirectUri, startStage, type Stage } from "./stage.js";

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.close());

describe("authorization code: the error is the same for", () => {
  const codeVerifier = pkce.verifier;
  it.each(
    Object.entries<Mistake>({
      "a code that was never issued": {
        run: (app) => redeem(app),
        error: "ServerError invalid_grant 9002313",
      },
      "a code that is empty": {
        run: (app) => redeem(app, { code: "" }),
        error: "ClientAuthError request_cannot_be_made",
      },
      "a code that was used": {
        run: async (app) => {
          const code = await codeFor(app, stage);
          await redeem(app, { code, codeVerifier });
          return redeem(app, { code, codeVerifier });
        },
        error: "ServerError invalid_grant 54005",
      },
      "a code that expired": {
        run: async (app) => {
          const code = await codeFor(app, stage);
          stage.advance(3600);
          return redeem(app, { code, codeVerifier });
        },
        error: "ServerError invalid_grant 70008",
      },
      "another redirect URI": {
        run: async (app) =>
          redeem(app, { code: await codeFor(app, stage), codeVerifier, redirectUri: `${redirectUri}/x` }),
        error: "ServerError invalid_client 500112",
      },
      "an empty redirect URI": {
        run: (app) => redeem(app, { redirectUri: "" }),
        error: "ServerError invalid_request 900144",
        tessera: "ClientConfigurationError redirect_uri_empty",
        why: unchecked,
      },
      "a redirect URI that is no URL": {
        run: (app) => redeem(app, { redirectUri: "callback" }),
        error: "ServerError invalid_grant 9002313",
        tessera: "ClientConfigurationError url_parse_error",
        why: unchecked,
      },
      "no verifier": {
        run: async (app) => redeem(app, { code: await codeFor(app, stage) }),
        error: "ServerError invalid_grant 50148",
      },
      "a wrong verifier": {
        run: async (app) => redeem(app, { code: await codeFor(app, stage), codeVerifier: "x".repeat(43) }),
        error: "ServerError invalid_grant 501481",
      },
      "half a PKCE pair": {
        run: (app) =>
          app.getAuthCodeUrl({ scopes: graph, redirectUri, codeChallenge: pkce.challenge, correlationId }),
        error: "a result",
        tessera: "ClientConfigurationError pkce_params_missing",
        why: "the peer leaves PKCE out and says nothing",
      },
      "a response mode that does not exist": {
        run: (app) =>
          app.getAuthCodeUrl({ scopes: graph, redirectUri, responseMode: "post" as "query", correlationId }),
        error: "a result",
        tessera: "ClientConfigurationError invalid_response_mode",
        why: unchecked,
      },
      "another nonce": {
        run: async (app) =>
          redeem(app, { code: await codeFor(app, stage, { nonce: "n" }), codeVerifier, nonce: "m" }),
        error: "ClientAuthError nonce_mismatch",
      },
      "a nonce that nobody asked for": {
        run: async (app) => redeem(app, { code: await codeFor(app, stage, { nonce: "n" }), codeVerifier }),
        error: "ClientAuthError nonce_mismatch",
      },
      "a nonce that did not come back": {
        run: async (app) => redeem(app, { code: await codeFor(app, stage), codeVerifier, nonce: "m" }),
        error: "ClientAuthError nonce_mismatch",
      },
      "another state": {
        run: (app) => redeem(app, { state: "a" }, { code: "any", state: "b" }),
        error: "ClientAuthError state_mismatch",
      },
      "a state that did not come back": {
        run: (app) => redeem(app, { state: "a" }, { code: "any" }),
        error: "ClientAuthError state_mismatch",
      },
      "claims that are not JSON": {
        run: (app) => redeem(app, { claims: "{" }),
        error: "ClientConfigurationError invalid_claims",
      },
    }),
  )("%s", (_, mistake) => expectSameError(stage, mistake));
});
