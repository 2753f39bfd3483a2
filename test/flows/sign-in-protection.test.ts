// A sign-in goes with PKCE and a nonce, unless the app says that the provider takes neither.
// proves: core/src/flows/sign-in-protection.ts
import { describe, expect, it, jest } from "@jest/globals";
import { PublicClientApplication, type ILoggerCallback } from "@tessera/node";
import { documents, wildProvider } from "../support/wild-provider.js";

const clientMetadata = { token_endpoint_auth_method: "client_secret_post" };
const off = { usePkce: false, useNonce: false };

describe("a provider that knows neither PKCE nor nonce (LinkedIn)", () => {
  const linkedIn = () => wildProvider({ document: documents.linkedin, isOld: true });

  it("signs a user in without both, and the token is in the cache", async () => {
    const provider = linkedIn();
    const app = provider.confidential({ clientMetadata });
    const { account } = await provider.signIn(app, off);
    expect(Object.keys(provider.asked())).toEqual(expect.not.arrayContaining(["nonce", "code_challenge"]));
    expect(provider.asked()["code_challenge_method"]).toBeUndefined();
    expect(provider.tokenRequests()[0]?.form["code_verifier"]).toBeUndefined();
    const again = await app.acquireTokenSilent({ scopes: [], account: account ?? ({} as never) });
    expect(again.fromCache).toBe(true);
  });

  it.each<[string, object, string]>([
    ["PKCE", { useNonce: false }, "invalid_client"],
    ["a nonce", { usePkce: false }, "nonce_mismatch"],
    ["both", {}, "invalid_client"],
  ])("refuses a sign-in with %s, and so the app learns", async (_, over, errorCode) => {
    const provider = linkedIn();
    await expect(provider.signIn(provider.confidential({ clientMetadata }), over)).rejects.toMatchObject({
      errorCode,
    });
  });
});

describe("a sign-in without protection", () => {
  const flowOf = async (over: object) => {
    const loggerCallback = jest.fn<ILoggerCallback>();
    const { networkClient } = wildProvider({ document: documents.okta });
    const app = new PublicClientApplication({
      auth: { clientId: "the-client", oidcAuthority: documents.okta.issuer },
      system: { networkClient, loggerOptions: { loggerCallback } },
    });
    const flow = await app.initiateAuthCodeFlow({ scopes: [], redirectUri: "https://app.example/", ...over });
    const warnings = loggerCallback.mock.calls
      .map(([, message]) => message)
      .filter((m) => m.includes("without"));
    return { app, flow, warnings };
  };

  it.each<[object, RegExp | undefined]>([
    [off, /without PKCE .*and without nonce/],
    [{ usePkce: false }, /without PKCE/],
    [{ useNonce: false }, /without nonce/],
    [{}, undefined],
    [{ usePkce: undefined, useNonce: null }, undefined],
    [{ usePkce: true, useNonce: true }, undefined],
  ])("%j is logged as a warning", async (over, expected) => {
    const { warnings, flow } = await flowOf(over);
    expect(warnings).toHaveLength(expected ? 1 : 0);
    if (expected) expect(warnings[0]).toMatch(expected);
    expect(flow.codeVerifier === "").toBe("usePkce" in over && over.usePkce === false);
  });

  it.each<[object, string]>([
    [{ useNonce: false, responseType: "code id_token" }, "useNonce"],
    [{ useNonce: false, nonce: "mine" }, "useNonce"],
    [{ usePkce: "false" }, "usePkce"],
    [{ useNonce: 0 }, "useNonce"],
  ])("%j is refused", async (over, field) => {
    await expect(flowOf(over)).rejects.toMatchObject({
      errorCode: "invalid_option",
      message: expect.stringContaining(field),
    });
  });

  it("without PKCE is refused to a client of the Model Context Protocol", async () => {
    const { networkClient } = wildProvider({ document: documents.okta });
    const app = new PublicClientApplication({
      auth: { clientId: "the-client", oidcAuthority: documents.okta.issuer, isMcp: true },
      system: { networkClient },
    });
    const resource = "https://mcp.example/";
    const request = { scopes: [], redirectUri: "https://app.example/", resource, usePkce: false };
    await expect(app.initiateAuthCodeFlow(request)).rejects.toMatchObject({
      errorCode: "invalid_option",
      message: expect.stringContaining("usePkce"),
    });
  });

  it("comes from no lost part of the flow: an empty verifier or nonce is an incomplete flow", async () => {
    const { app, flow } = await flowOf({});
    for (const lost of [{ codeVerifier: "" }, { nonce: "" }, { codeVerifier: undefined }]) {
      const response = { code: "a-code", state: flow.state };
      const call = app.acquireTokenByAuthCodeFlow({ ...flow, ...lost } as never, response);
      await expect(call).rejects.toMatchObject({ errorCode: "invalid_state" });
    }
  });
});
