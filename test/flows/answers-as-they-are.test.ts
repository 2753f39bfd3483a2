// Answers of token endpoints that leave the standards, understood where it is safe.
// proves: core/src/http/answer-body.ts, core/src/response/token-response.ts, core/src/response/server-error.ts
import { describe, expect, it } from "@jest/globals";
import { wildProvider, documents, type Quirks } from "../support/wild-provider.js";

const quirks: Quirks = { document: documents.twitch };
const scopes = ["user:read:email", "chat:read"];
const ask = (over: Partial<Quirks>) =>
  wildProvider({ ...quirks, ...over })
    .confidential()
    .acquireTokenByClientCredential({ scopes });

describe("an answer is understood", () => {
  it.each<[string, object, readonly string[]]>([
    ["with scope as a list (Twitch)", { scope: ["user:read:email", "chat:read"] }, scopes],
    ["with an empty list", { scope: [] }, scopes],
    ["with commas between scopes (GitHub)", { scope: "repo,gist" }, ["repo", "gist"]],
    ["with commas and spaces", { scope: "openid, profile" }, ["openid", "profile"]],
    ["with a comma in a scope that is a URL", { scope: "https://x.example/a,b" }, ["https://x.example/a,b"]],
    ["with null in place of scope", { scope: null }, scopes],
    ["with expires_in as a text", { expires_in: "3600" }, scopes],
    ["without token_type", { token_type: undefined }, scopes],
    ["without expires_in (Salesforce, Slack)", { expires_in: undefined }, scopes],
    ["with ok (Slack)", { ok: true, error: null }, scopes],
  ])("%s", async (_, over, granted) => {
    const result = await ask({ answer: (good) => ({ ...good, scope: scopes.join(" "), ...over }) });
    expect(result).toMatchObject({ tokenType: "Bearer", scopes: granted });
    expect(result.expiresOn).toBeInstanceOf(Date);
  });

  it("as a form (GitHub)", async () => {
    const provider = wildProvider({
      ...quirks,
      refusal: {
        status: 200,
        headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
        body: "access_token=gho_16&scope=repo%2Cgist&token_type=bearer",
      },
    });
    const result = await provider.confidential().acquireTokenByClientCredential({ scopes });
    expect(result).toMatchObject({ accessToken: "gho_16", scopes: ["repo", "gist"] });
  });
});

describe("an error is read", () => {
  const twitch = { status: 400, message: "Invalid refresh token" };
  const facebook = { error: { message: "Invalid code", type: "OAuthException", code: 100, fbtrace_id: "A" } };
  it.each<[string, number, unknown, object]>([
    [
      "under message (Twitch)",
      400,
      twitch,
      { errorCode: "server_error", errorMessage: "Invalid refresh token" },
    ],
    [
      "under message beside the words of the status",
      400,
      { ...twitch, error: "Bad Request" },
      { errorCode: "Bad Request", errorMessage: "Invalid refresh token" },
    ],
    ["as an object (Facebook)", 400, facebook, { errorCode: "OAuthException", errorNo: 100 }],
    [
      "as an object with a code of words",
      401,
      { error: { code: "invalid_client", message: "No." } },
      { errorCode: "invalid_client", errorMessage: "No." },
    ],
    [
      "in a 200 (GitHub)",
      200,
      { error: "bad_verification_code", error_description: "The code is incorrect or expired." },
      { errorCode: "bad_verification_code", errorMessage: "The code is incorrect or expired." },
    ],
    ["in a 200 (Slack)", 200, { ok: false, error: "invalid_code" }, { errorCode: "invalid_code" }],
    ["as an object without words", 400, { error: {} }, { errorCode: "unknown_error" }],
  ])("%s", async (_, status, body, expected) => {
    await expect(ask({ refusal: { status, body } })).rejects.toMatchObject({
      name: "ServerError",
      ...expected,
    });
  });

  it.each(["error_description", "message"])("without the secret that %s repeats", async (member) => {
    const body = { error: "invalid_client", [member]: "the-secret-of-the-client-0123456789 is wrong" };
    for (const status of [200, 400]) {
      const error: unknown = await ask({ refusal: { status, body } }).catch((refused: unknown) => refused);
      expect(String(error)).toContain("(hidden) is wrong");
    }
    const nested = { error: { message: body[member], code: 1 } };
    const error: unknown = await ask({ refusal: { status: 400, body: nested } }).catch(
      (refused: unknown) => refused,
    );
    expect(String(error)).toContain("(hidden) is wrong");
  });
});

describe("an answer without access_token is refused", () => {
  it.each([["openid"], []])("also for a sign-in with %j", async (...asked) => {
    const provider = wildProvider({ ...quirks, answer: ({ id_token }) => ({ id_token }) });
    await expect(provider.signIn(provider.confidential(), { scopes: asked })).rejects.toMatchObject({
      errorCode: "invalid_token_response",
    });
  });
});
