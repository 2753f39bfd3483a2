// Every mistake in what all requests share is refused before anything is sent, with the field and the remedy.
// proves: core/src/request/token-request.ts
import { describe, expect, it } from "@jest/globals";
import { ClientConfigurationError } from "@tessera/node";
import { expectSays, failure, good, methods, type Method } from "./refused-request.js";
import type { Part } from "./refusal.js";

describe.each(methods)("%s refuses, and sends nothing,", (method) => {
  it.each<[string, unknown]>([
    ["no request", undefined],
    ["null", null],
    ["a text", "User.Read"],
  ])("%s", async (_, request) => {
    expectSays(
      await failure(method, request),
      "token_request_empty",
      /The request is missing: pass an object/,
    );
  });

  it.each<[string, Part, string, RegExp]>([
    [
      "scopes that are a text",
      { scopes: "User.Read" },
      "empty_input_scopes_error",
      /^scopes is a string, not an array: pass/,
    ],
    [
      "scopes that are an object",
      { scopes: {} },
      "empty_input_scopes_error",
      /^scopes is a object, not an array: pass/,
    ],
    ["a scope that is a number", { scopes: [7] }, "empty_input_scopes_error", /^scopes holds a number: pass/],
    [
      "claims that are not JSON",
      { claims: "acrs" },
      "invalid_claims",
      /^claims is not a string holding a JSON object: pass/,
    ],
    ["claims that are a list", { claims: "[]" }, "invalid_claims", /^claims is not/],
    [
      "an authority in clear",
      { authority: "http://idp.example/t" },
      "authority_uri_insecure",
      /^authority .*use https/,
    ],
    [
      "an authority that is no URL",
      { authority: "contoso" },
      "url_parse_error",
      /^authority "contoso" is not a URL: use/,
    ],
    [
      "an authority with a query",
      { authority: "https://idp.example/t?a=1" },
      "url_parse_error",
      /not have a query/,
    ],
    ["a deadline of zero", { timeoutMs: 0 }, "invalid_option", /^timeoutMs is 0: pass a positive number/],
    ["a deadline in the past", { timeoutMs: -1 }, "invalid_option", /^timeoutMs is -1/],
    ["a deadline that is no number", { timeoutMs: "5s" }, "invalid_option", /^timeoutMs is "?5s/],
    ["a deadline that is not a number", { timeoutMs: Number.NaN }, "invalid_option", /^timeoutMs is/],
  ])("%s", async (_, over, errorCode, says) => {
    const error = await failure(method, { ...good[method], correlationId: "the-correlation-id", ...over });
    expect(error).toBeInstanceOf(ClientConfigurationError);
    expectSays(error, errorCode, says);
  });
});

describe("a request without scopes is refused where the flow needs one", () => {
  it.each<[Method, unknown]>([
    ["acquireTokenByClientCredential", undefined],
    ["acquireTokenByClientCredential", null],
    ["acquireTokenByClientCredential", []],
    ["acquireTokenByClientCredential", [""]],
    ["acquireTokenByClientCredential", [" "]],
    ["acquireTokenByClientCredential", ["openid", "offline_access"]],
    ["acquireTokenOnBehalfOf", undefined],
    ["acquireTokenOnBehalfOf", []],
  ])("%s with %p", async (method, none) => {
    const error = await failure(method, { ...good[method], scopes: none, correlationId: "the-id" });
    expectSays(error, "empty_input_scopes_error", /^scopes is (missing|empty): pass an array of scope names/);
    expect(error.correlationId).toBe("the-id");
  });
});
