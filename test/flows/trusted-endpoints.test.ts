// Where secrets and codes may go: authorities.md §7, DESIGN §7.
// proves: core/src/http/secure-url.ts, core/src/authority/vouched-host.ts
import { beforeEach, describe, expect, it } from "@jest/globals";
import { ConfidentialClientApplication, PublicClientApplication, type NodeAuthOptions } from "@tessera/node";
import { makeCertificate } from "../support/certificates.js";
import { recordedNetwork, type RecordedNetwork } from "../support/recorded-network.js";

const scopes = ["https://graph.microsoft.com/.default"];
let network: RecordedNetwork;
let document: Readonly<Record<string, unknown>>;
beforeEach(() => {
  network = recordedNetwork(({ line }) => {
    if (line.startsWith("GET")) return { body: document };
    return { status: 400, body: { error: "invalid_grant" } };
  });
});

function application(auth: Partial<NodeAuthOptions>): ConfidentialClientApplication {
  return new ConfidentialClientApplication({
    auth: { clientId: "the-client", clientSecret: "the-secret", ...auth },
    system: { networkClient: network },
  });
}

/** The lines of the POSTs that a call for an app token leads to. */
async function postsOf(
  auth: Partial<NodeAuthOptions>,
  over: Readonly<Record<string, unknown>>,
): Promise<readonly string[]> {
  const base = (auth.oidcAuthority ?? auth.authority ?? "").replace(/\/$/, "");
  document = {
    issuer: base,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    jwks_uri: `${base}/keys`,
    ...over,
  };
  await expect(application(auth).acquireTokenByClientCredential({ scopes })).rejects.toMatchObject({
    errorCode: expect.stringMatching(/^(endpoints_resolution_error|authority_uri_insecure|invalid_grant)$/),
  });
  return network.lines().filter((line) => line.startsWith("POST"));
}

describe("the secret goes only to a token endpoint that the authority may name", () => {
  const oidc = { oidcAuthority: "https://idp.example/tenant" };
  const ciam = { authority: "https://contoso.ciamlogin.com/" };
  const adfs = { authority: "https://fs.contoso.com/adfs", knownAuthorities: ["fs.contoso.com"] };
  const guid = "5f6f5ee1-6e21-4a5d-8ba8-3a5c3b5b4b5a";
  const at = (issuer: string) => ({ issuer });
  it.each<[string, Partial<NodeAuthOptions>, Readonly<Record<string, unknown>>, boolean]>([
    ["its own", oidc, {}, true],
    [
      "at another host, if the issuer is right",
      oidc,
      { token_endpoint: "https://token.example/token" },
      true,
    ],
    ["in clear", oidc, { token_endpoint: "http://idp.example/token" }, false],
    ["in clear on this machine", oidc, { token_endpoint: "http://localhost:1/token" }, false],
    ["in clear on this machine, by number", oidc, { token_endpoint: "http://127.0.0.1:1/token" }, false],
    ["of another issuer", oidc, at("https://evil.example/tenant"), false],
    ["of another issuer at the same host", oidc, at("https://idp.example/other"), false],
    [
      "of another issuer whose host is known",
      { ...oidc, knownAuthorities: ["b.example"] },
      at("https://b.example"),
      false,
    ],
    [
      "of an issuer in clear whose host is known",
      { ...oidc, knownAuthorities: ["b.example"] },
      at("http://b.example"),
      false,
    ],
    [
      "of External ID, named by its tenant",
      ciam,
      at("https://contoso.ciamlogin.com/contoso.onmicrosoft.com/v2.0"),
      true,
    ],
    ["of External ID, named by Entra", ciam, at(`https://login.microsoftonline.com/${guid}/v2.0`), true],
    [
      "of External ID, named by a regional Entra",
      ciam,
      at(`https://eastus.login.microsoftonline.com/${guid}/v2.0`),
      true,
    ],
    ["of External ID, named by a stranger", ciam, at("https://evil.ciamlogin.com/"), false],
    [
      "of External ID, named by a host like Entra's",
      ciam,
      at("https://a.b.login.microsoftonline.com/x"),
      false,
    ],
    ["of External ID, named by Entra in clear", ciam, at("http://login.microsoftonline.com/x/v2.0"), false],
    ["of AD FS, named by its host", adfs, at("https://fs.contoso.com/adfs/services/trust"), true],
    ["of AD FS, named by its host in clear", adfs, at("http://fs.contoso.com/adfs/services/trust"), false],
    ["of AD FS, named by another port", adfs, at("https://fs.contoso.com:444/adfs"), false],
    ["of AD FS, named by a stranger", adfs, at("https://evil.example/adfs"), false],
  ])("%s", async (_, auth, over, accepted) => {
    expect(await postsOf(auth, over)).toHaveLength(accepted ? 1 : 0);
  });
});

it.each(["http://localhost:1/token", "http://127.0.0.1:1/token", "http://idp.example/token"])(
  "a certificate is not presented in clear, at %s",
  async (token_endpoint) => {
    const base = "https://idp.example/tenant";
    const metadata = {
      issuer: base,
      authorization_endpoint: `${base}/authorize`,
      token_endpoint: `${base}/token`,
      jwks_uri: `${base}/keys`,
      mtls_endpoint_aliases: { token_endpoint },
    };
    const { privateKeyPem: privateKey, certificatePem } = makeCertificate({ subject: "the-client" });
    const app = new ConfidentialClientApplication({
      auth: {
        clientId: "the-client",
        oidcAuthority: base,
        authorityMetadata: JSON.stringify(metadata),
        clientCertificate: { privateKey, publicCertificate: certificatePem },
        clientMetadata: { token_endpoint_auth_method: "tls_client_auth" },
      },
      system: { proxy: false },
    });
    await expect(app.acquireTokenByClientCredential({ scopes })).rejects.toMatchObject({
      errorCode: "authority_uri_insecure",
      message: expect.stringContaining("mtls_endpoint_aliases.token_endpoint"),
    });
  },
);

describe("the code of a public client goes to the cloud that issued it, if that is a known one", () => {
  const redirectUri = "https://app.example/signed-in";
  const publicClient = (): PublicClientApplication =>
    new PublicClientApplication({
      auth: {
        clientId: "the-client",
        authority: "https://login.microsoftonline.com/common",
        instanceAware: true,
      },
      system: { networkClient: network },
    });
  it.each([
    ["login.microsoftonline.us", "login.microsoftonline.us"],
    ["login.partner.microsoftonline.cn", "login.partner.microsoftonline.cn"],
    ["evil.example", "login.microsoftonline.com"],
    ["login.microsoftonline.us.evil.example", "login.microsoftonline.com"],
    ["evil.example/login.microsoftonline.us", "login.microsoftonline.com"],
  ])("cloud_instance_host_name %s: to %s", async (host, expected) => {
    const redeemed = publicClient().acquireTokenByCode(
      { scopes, redirectUri, code: "the-code" },
      { code: "the-code", cloud_instance_host_name: host },
    );
    await expect(redeemed).rejects.toMatchObject({ errorCode: "invalid_grant" });
    expect(network.lines()).toEqual([`POST https://${expected}/common/oauth2/v2.0/token`]);
  });

  it("and not at all when the response says that another issuer issued it (RFC 9207)", async () => {
    const app = publicClient();
    const foreign = { code: "the-code", iss: "https://evil.example/t/v2.0" };
    await expect(
      app.acquireTokenByCode({ scopes, redirectUri, code: "the-code" }, foreign),
    ).rejects.toMatchObject({
      errorCode: "invalid_state",
    });
    expect(network.requests).toEqual([]);
  });
});
