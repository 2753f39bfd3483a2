// proves: core/src/http/secure-url.ts, core/src/flows/device-code.ts, node/src/interactive/open-browser.ts
// Only https URLs reach a browser or a user.
import { describe, expect, it } from "@jest/globals";
import { AuthError, PublicClientApplication } from "@tessera/node";
import { clientId, redirectUri, scopes } from "../support/cache-stage.js";
import { failure, host, metadata, oidcApp, showDeviceCode } from "../support/shown-device-code.js";
import { openSystemBrowser } from "../../packages/node/src/interactive/open-browser.js";

const schemes = [
  "javascript:alert(1)",
  "data:text/html,x",
  "file:///etc/passwd",
  "vbscript:x",
  "ms-settings:",
  "http://idp.example/",
  "//idp.example",
  "idp.example/device",
  "http://localhost:1/device",
];

describe.each(schemes)("the URL %s", (url) => {
  it("reaches no user as verification_uri", async () => {
    for (const member of ["verification_uri", "verification_url", "verification_uri_complete"]) {
      const answer =
        member === "verification_url" ? { verification_uri: undefined, [member]: url } : { [member]: url };
      const error = await failure(showDeviceCode(answer));
      expect(["authority_uri_insecure", "url_parse_error"]).toContain((error as AuthError).errorCode);
      expect((error as AuthError).errorMessage).toContain("verification_uri");
    }
  });

  it("reaches no browser as authorization or end-session endpoint, from a document or the configuration", async () => {
    for (const member of ["authorization_endpoint", "end_session_endpoint"]) {
      const app = oidcApp({ [member]: url });
      const signIn = member === "authorization_endpoint";
      const built = signIn ? app.getAuthCodeUrl({ scopes, redirectUri }) : app.buildEndSessionUrl();
      await expect(built).rejects.toBeInstanceOf(AuthError);
      const authorityMetadata = JSON.stringify({ ...metadata, [member]: url });
      const configured = { auth: { clientId, oidcAuthority: host, authorityMetadata } };
      expect(() => new PublicClientApplication(configured)).toThrow(AuthError);
    }
  });
});

it.each(["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "blob:https://x/1"])(
  "%s is not a place to return to",
  async (url) => {
    const app = oidcApp({});
    await expect(app.getAuthCodeUrl({ scopes, redirectUri: url })).rejects.toMatchObject({
      errorCode: "url_parse_error",
    });
    const signOut = app.buildEndSessionUrl({ postLogoutRedirectUri: url });
    await expect(signOut).rejects.toMatchObject({ errorCode: "url_parse_error" });
  },
);

it.each(["javascript:alert(1)", "file:///etc/passwd", "calc.exe", "http://idp.example/"])(
  "the system's launcher is never given %s",
  async (url) => {
    await expect(openSystemBrowser(url)).rejects.toMatchObject({
      errorCode: expect.stringMatching(/authority_uri_insecure|url_parse_error/),
    });
  },
);
