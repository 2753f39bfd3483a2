// A discovery that fails says what the provider said, and what to do for the kind of authority it is.
// proves: core/src/authority/discovery-failure.ts
import { describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, type NodeAuthOptions } from "@tessera/node";
import { recordedNetwork, type Respond } from "../support/recorded-network.js";

const unknownTenant = {
  error: "invalid_tenant",
  error_description:
    "AADSTS90002: Tenant 'contoso.example' not found. Check to make sure you have the correct tenant ID.",
};

/** The message of a call whose discovery is answered in this way. */
async function failure(auth: Partial<NodeAuthOptions>, answer: ReturnType<Respond>): Promise<string> {
  const network = recordedNetwork(() => answer);
  const app = new ConfidentialClientApplication({
    auth: { clientId: "the-client", clientSecret: "the-secret", ...auth },
    system: { networkClient: network },
  });
  const call = app.acquireTokenByClientCredential({ scopes: ["api/.default"] });
  return call.then(
    () => "",
    (error: Error) => error.message,
  );
}

describe("a failed discovery", () => {
  it.each<[string, Partial<NodeAuthOptions>, ReturnType<Respond>, readonly RegExp[]]>([
    [
      "of a tenant that Entra does not know repeats AADSTS90002",
      { authority: "https://login.contoso.example/t", knownAuthorities: ["login.contoso.example"] },
      { status: 400, body: unknownTenant },
      [/HTTP 400 .*and says "AADSTS90002: Tenant 'contoso\.example' not found/, /check host and tenant/],
    ],
    [
      "of a Keycloak that is given as authority names oidcAuthority",
      { authority: "https://keycloak.example/realms/shop", knownAuthorities: ["keycloak.example"] },
      { status: 404, body: { error: "Unable to find matching target resource method" } },
      [
        /and says "Unable to find matching target/,
        /Keycloak.*auth\.oidcAuthority in place of auth\.authority/,
      ],
    ],
    [
      "of the same without knownAuthorities, too",
      { authority: "https://keycloak.example/realms/shop" },
      { status: 400, body: { error: "invalid_instance" } },
      [/Entra does not know the host "keycloak\.example"/, /auth\.oidcAuthority in place of auth\.authority/],
    ],
    [
      "of an issuer that is not there says what an issuer is",
      { oidcAuthority: "https://auth0.example/wrong" },
      { status: 404, body: { message: "Not Found" } },
      [/and says "Not Found": check the issuer: it is the URL in front of \/\.well-known/],
    ],
    [
      "of an AD FS names its path",
      { authority: "https://fs.example/adfs", knownAuthorities: ["fs.example"] },
      { status: 503, body: "<html>Service Unavailable</html>" },
      [/HTTP 503 without a discovery document: check the authority: the host of the AD FS, and the path/],
    ],
    [
      "of an External ID tenant names the tenant",
      { authority: "https://nobody.ciamlogin.com" },
      { status: 400, body: unknownTenant },
      [/AADSTS90002/, /check the name of the tenant/],
    ],
    [
      "does not repeat whole pages",
      { oidcAuthority: "https://idp.example" },
      { status: 500, body: { message: "x".repeat(5000) } },
      [/^.{0,1000}$/s],
    ],
  ])("%s", async (_, auth, answer, says) => {
    const message = await failure(auth, answer);
    for (const expected of says) expect(message).toMatch(expected);
  });
});

describe("the error of a provider", () => {
  it.each([
    [
      "with a description alone is the description",
      { error_description: "Client authentication failed" },
      "Client authentication failed",
    ],
    ["without one says so", {}, "The provider gives no description."],
    [
      "of Entra has the form it has in MSAL",
      {
        error_codes: [7000215, 50000],
        timestamp: "2026-01-01 00:00:00Z",
        error_description: "AADSTS7000215: Invalid client secret.",
        correlation_id: "c",
        trace_id: "t",
      },
      "Error(s): 7000215,50000 - Timestamp: 2026-01-01 00:00:00Z - Description: AADSTS7000215: Invalid client secret. - Correlation ID: c - Trace ID: t",
    ],
    [
      "has no part that is not there",
      { error_codes: [1], error_description: "No." },
      "Error(s): 1 - Description: No.",
    ],
  ])("%s", async (_, body, text) => {
    const authority = "https://login.microsoftonline.com/contoso.example";
    const message = await failure({ authority }, { status: 400, body: { error: "invalid_client", ...body } });
    expect(message).toBe(`invalid_client: ${text}`);
  });
});
