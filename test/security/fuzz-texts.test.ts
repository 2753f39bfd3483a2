// The same for texts that come from elsewhere: browsers, APIs, files, tools, the environment, and federated servers.
// proves: core/src/request/claims-challenge.ts, core/src/flows/ws-trust/xml.ts, core/src/credential/pem.ts, core/src/cache/schema/document-text.ts,
// node/src/default-credential/command-line/tool-answer.ts
import { describe, it } from "@jest/globals";
import fc from "fast-check";
import {
  claimsFromChallenge,
  ConfidentialClientApplication,
  parseAuthenticationChallenges,
  PublicClientApplication,
} from "@tessera/node";
import { parseXml } from "../../packages/core/src/flows/ws-trust/xml.js";
import { azureCli } from "../../packages/node/src/default-credential/command-line/azure-cli.js";
import { azureDeveloperCli } from "../../packages/node/src/default-credential/command-line/azure-developer-cli.js";
import { githubCli } from "../../packages/node/src/default-credential/command-line/github-cli.js";
import { googleCloudCli } from "../../packages/node/src/default-credential/command-line/google-cloud-cli.js";
import { toolAnswer } from "../../packages/node/src/default-credential/command-line/tool-answer.js";
import { proxyOf } from "../../packages/node/src/http/proxy-variables.js";
import { makeCertificate } from "../support/certificates.js";
import { deep, neverUntyped, spoiled, textLike } from "../support/fuzz.js";
import { makePfx } from "../support/pfx.js";

const clientId = "the-client";
const authority = "https://login.microsoftonline.com/20000000-0000-4000-8000-00000000c0de";
const certificate = makeCertificate({ subject: clientId });
const pfx = makePfx(certificate, "passphrase");
const confidential = (auth: object) =>
  new ConfidentialClientApplication({ auth: { clientId, authority, ...auth } });
const app = confidential({ clientSecret: "a-secret-of-the-client" });

const account = { home_account_id: "u.t", environment: "login.microsoftonline.com", realm: "t" };
const token = { ...account, credential_type: "AccessToken", client_id: clientId, secret: "s", target: "a" };
const cache = {
  Account: { a: { ...account, local_account_id: "u", username: "n", authority_type: "MSSTS" } },
  AccessToken: { b: { ...token, cached_at: "1", expires_on: "2", extended_expires_on: "3" } },
  RefreshToken: { c: { ...token, credential_type: "RefreshToken" } },
  IdToken: { d: { ...token, credential_type: "IdToken", secret: "a.b.c" } },
  AppMetadata: { e: { environment: "login.microsoftonline.com", client_id: clientId, family_id: "1" } },
};
const soap =
  '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body a="b&amp;c"><![CDATA[x]]><t/></s:Body></s:Envelope>';
const request = { scopes: ["https://graph.microsoft.com/.default"], correlationId: "c" } as never;

/** A file of bytes that are near those of a good one. */
const nearly = (content: Uint8Array) =>
  fc
    .array(fc.tuple(fc.nat({ max: content.length - 1 }), fc.nat({ max: 255 })), {
      minLength: 1,
      maxLength: 6,
    })
    .map((changes) => {
      const bytes = Buffer.from(content);
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    });

describe("a fuzzed text ends in no untyped error:", () => {
  it.each<[string, fc.Arbitrary<string>, (text: string) => unknown]>([
    [
      "WWW-Authenticate",
      textLike('Bearer realm="a", error="insufficient_claims", claims="e30=", DPoP algs="ES256", Basic a=='),
      (text) => [parseAuthenticationChallenges(text), claimsFromChallenge(text)],
    ],
    [
      "a cache document",
      spoiled(cache),
      async (text) => {
        const own = confidential({ clientSecret: "a-secret-of-the-client" });
        own.getTokenCache().deserialize(text);
        await own.getAllAccounts();
        own.getTokenCache().getKVStore();
        return own.getTokenCache().serialize();
      },
    ],
    ...Object.entries(cache).map(
      ([section, entities]): [string, fc.Arbitrary<string>, (text: string) => unknown] => [
        `an entity of ${section}`,
        spoiled(Object.values(entities)[0] as Record<string, unknown>),
        async (text) => {
          const own = confidential({ clientSecret: "a-secret-of-the-client" });
          const rest = JSON.stringify({ ...cache, [section]: undefined }).slice(0, -1);
          own.getTokenCache().deserialize(`${rest},"${section}":{"x":${text}}}`);
          const [user] = await own.getAllAccounts();
          if (user) await own.removeAccount(user);
          return own.getTokenCache().serialize();
        },
      ],
    ),
    [
      "an authorization response",
      textLike(
        "code=c&state=s&iss=https://issuer.example&error=access_denied&response=a.b.c&client_info=e30",
      ),
      async (text) => {
        const scopes = ["User.Read"];
        const flow = await app.initiateAuthCodeFlow({ scopes, redirectUri: "https://app.example" });
        const response = Object.fromEntries(new URLSearchParams(`${text}&state=${flow.state}&error=e`));
        return app.acquireTokenByAuthCodeFlow(flow, response);
      },
    ],
    [
      "WS-Trust XML",
      fc.oneof(textLike(soap), fc.constantFrom("<a>".repeat(5000), "<a>".repeat(5000) + "</a>".repeat(5000))),
      (text) => parseXml(text, "the response"),
    ],
    [
      "the PEM of a key",
      textLike(certificate.privateKeyPem),
      (privateKey) =>
        confidential({ clientCertificate: { privateKey, publicCertificate: certificate.certificatePem } }),
    ],
    [
      "the PEM of a certificate",
      textLike(certificate.certificatePem),
      (publicCertificate) =>
        confidential({ clientCertificate: { privateKey: certificate.privateKeyPem, publicCertificate } }),
    ],
    [
      "the variables of proxies",
      textLike("http://user:p@proxy.example:8080,10.0.0.0/8,*.example,[::1]:443,.local,localhost"),
      (text) =>
        [text, `http://${text}`].map((proxy) =>
          proxyOf(new URL("https://login.example"), { HTTPS_PROXY: proxy, NO_PROXY: text }),
        ),
    ],
    [
      "claims of a request",
      fc.oneof(spoiled({ access_token: {} }), fc.constant(deep(5000))),
      (claims) =>
        new PublicClientApplication({ auth: { clientId, authority } }).getAuthCodeUrl({
          scopes: ["a"],
          redirectUri: "https://app.example",
          claims,
        }),
    ],
  ])("%s", (_, samples, run) => neverUntyped(samples, run));

  it.each([
    [
      "az",
      azureCli,
      { accessToken: "a", expiresOn: "2026-01-01 00:00:00.000000", expires_on: 1, tokenType: "Bearer" },
    ],
    ["azd", azureDeveloperCli, { token: "a", expiresOn: "2026-01-01T00:00:00Z" }],
    [
      "gcloud",
      googleCloudCli({}),
      { token_expiry: "2026-01-01T00:00:00Z", access_token: "a" },
      (credential: string) => `{"credential":${credential}}`,
    ],
    ["gh", githubCli({}), { token: "a" }],
  ])("the output of %s", (_, tool, printed, around = (text: string): string => text) =>
    neverUntyped(fc.tuple(spoiled(printed), fc.constantFrom(0, 1)), ([text, exitCode]) => {
      const output = around(text);
      return toolAnswer(tool, request, { exitCode, output, errors: output }, 1000);
    }),
  );

  it("a PKCS#12 file", () =>
    neverUntyped(nearly(pfx), (content) =>
      confidential({ clientCertificate: { pfx: content, passphrase: "passphrase" } }),
    ));
});
