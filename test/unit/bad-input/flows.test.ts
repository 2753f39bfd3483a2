// A request that lacks what its flow is about is refused before anything is sent, with the field and the remedy.
import { describe, expect, it } from "@jest/globals";
import { ClientAuthError, type AuthError } from "@tessera/node";
import {
  application,
  expectSays,
  failure,
  good,
  redirectUri,
  scopes,
  sentRequests,
  type Method,
} from "./refused-request.js";
import { secretWord, type Part } from "./refusal.js";

describe("a request that lacks what its flow is about is refused", () => {
  const missing = { redirectUri: undefined };
  it.each<[Method, string, Part, string, RegExp]>([
    ["getAuthCodeUrl", "no redirect URI", missing, "redirect_uri_empty", /^redirectUri is missing: pass/],
    [
      "getAuthCodeUrl",
      "an empty redirect URI",
      { redirectUri: "" },
      "redirect_uri_empty",
      /^redirectUri is missing/,
    ],
    [
      "getAuthCodeUrl",
      "a path",
      { redirectUri: "/signed-in" },
      "url_parse_error",
      /^redirectUri "\/signed-in" is not an absolute URL/,
    ],
    [
      "getAuthCodeUrl",
      "a fragment",
      { redirectUri: "https://a.example/#x" },
      "url_parse_error",
      /^redirectUri .* fragment: pass/,
    ],
    [
      "getAuthCodeUrl",
      "an empty fragment",
      { redirectUri: "https://a.example/#" },
      "url_parse_error",
      /^redirectUri/,
    ],
    [
      "getAuthCodeUrl",
      "an unknown response mode",
      { responseMode: "web_message" },
      "invalid_response_mode",
      /^responseMode "web_message" is not supported: use/,
    ],
    [
      "getAuthCodeUrl",
      "a challenge without method",
      { codeChallenge: "c" },
      "pkce_params_missing",
      /pass both/,
    ],
    [
      "getAuthCodeUrl",
      "a method without challenge",
      { codeChallengeMethod: "S256" },
      "pkce_params_missing",
      /pass both/,
    ],
    [
      "getAuthCodeUrl",
      "an unknown method",
      { codeChallenge: "c", codeChallengeMethod: "S1" },
      "invalid_code_challenge_method",
      /"S1" is not supported: use S256/,
    ],
    [
      "acquireTokenByCode",
      "no code",
      { code: undefined },
      "request_cannot_be_made",
      /^code is missing: pass/,
    ],
    ["acquireTokenByCode", "an empty code", { code: "" }, "request_cannot_be_made", /^code is missing/],
    [
      "acquireTokenByCode",
      "a list of codes",
      { code: ["a", "b"] },
      "request_cannot_be_made",
      /^code is missing/,
    ],
    ["acquireTokenByCode", "no redirect URI", missing, "redirect_uri_empty", /^redirectUri is missing: pass/],
    [
      "acquireTokenByCode",
      "a word as redirect URI",
      { redirectUri: "app" },
      "url_parse_error",
      /^redirectUri "app"/,
    ],
    [
      "acquireTokenByRefreshToken",
      "no refresh token",
      { refreshToken: undefined },
      "token_request_empty",
      /^refreshToken is missing: pass/,
    ],
    [
      "acquireTokenByRefreshToken",
      "an object",
      { refreshToken: {} },
      "token_request_empty",
      /^refreshToken is missing/,
    ],
    [
      "acquireTokenOnBehalfOf",
      "no assertion",
      { oboAssertion: "" },
      "token_request_empty",
      /^oboAssertion is missing: pass/,
    ],
    [
      "acquireTokenSilent",
      "no account",
      { account: undefined },
      "no_account_in_silent_request",
      /^account is missing: pass/,
    ],
    [
      "acquireTokenSilent",
      "null as account",
      { account: null },
      "no_account_in_silent_request",
      /^account is missing/,
    ],
    [
      "acquireTokenSilent",
      "an account without id",
      { account: {} },
      "no_account_in_silent_request",
      /^account is missing/,
    ],
    [
      "acquireTokenSilent",
      "a user name as account",
      { account: "ada" },
      "no_account_in_silent_request",
      /^account is missing/,
    ],
  ])("%s with %s", async (method, _, over, errorCode, says) => {
    expectSays(await failure(method, { ...good[method], ...over }), errorCode, says);
  });

  it.each(["common", "organizations", "consumers", ""])(
    "client credentials at the authority %p, which is no tenant",
    async (tenant) => {
      const app = application({ authority: `https://login.microsoftonline.com/${tenant}` });
      const error = await failure("acquireTokenByClientCredential", { scopes }, app);
      expect(error).toBeInstanceOf(ClientAuthError);
      expectSays(
        error,
        "missing_tenant_id_error",
        new RegExp(`"${tenant || "common"}": use a tenant id or domain`),
      );
    },
  );

  it("a silent request for a user who is not in the cache", async () => {
    const error = await failure("acquireTokenSilent", good.acquireTokenSilent);
    expect(error.name).toBe("InteractionRequiredAuthError");
    expectSays(error, "no_tokens_found", /let the user sign in/);
  });

  it("a code that came with another state, or with an error in its place", async () => {
    const request = { scopes, redirectUri, code: `code-${secretWord}`, state: "the-state" };
    const answers = [{ state: "another" }, { state: "" }, {}, { error: "access_denied", state: "the-state" }];
    for (const answer of answers) {
      const error: unknown = await application()
        .acquireTokenByCode(request, { code: request.code, ...answer })
        .catch((reason: unknown) => reason);
      expectSays(error as AuthError, "error" in answer ? "access_denied" : "state_mismatch", /./);
    }
    expect(sentRequests()).toBe(0);
  });

  it.each(["{", "[]", "null", "tokens"])("a serialised cache that reads %p", (text) => {
    const cache = application().getTokenCache();
    const refused = expect.objectContaining({ name: "ClientAuthError", errorCode: "invalid_cache_content" });
    expect(() => {
      cache.deserialize(text);
    }).toThrow(refused);
  });
});
