// The end of a sign-in: a code is redeemed and the RS256 signature of the ID token verified. The network answers at once, from
// memory. Beside it, the signature check alone, and openid-client with the same answers.
import { compactVerify, exportJWK, generateKeyPair, SignJWT } from "jose";
import * as client from "openid-client";
import { noNetwork } from "../fixtures.mjs";
import { measure, processorWatch } from "../measure.mjs";
import { share } from "../table.mjs";

const issuer = "https://login.example";
const clientId = "web-app";
const clientSecret = "a-secret-of-the-benchmark";
const redirectUri = "https://app.example/callback";
const scopes = ["openid", "profile"];
const WARM_UP = 3000;

export async function run({ tessera, seconds }) {
  const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: "1", alg: "RS256", use: "sig" }] };
  const idToken = await new SignJWT({ name: "Alice", preferred_username: "alice@example.com" })
    .setProtectedHeader({ alg: "RS256", kid: "1", typ: "JWT" })
    .setIssuer(issuer)
    .setAudience(clientId)
    .setSubject("alice")
    .setIssuedAt()
    .setExpirationTime("2h")
    .sign(privateKey);
  const tokens = {
    token_type: "Bearer",
    expires_in: 3600,
    access_token: "an-access-token",
    id_token: idToken,
  };
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/keys`,
    id_token_signing_alg_values_supported: ["RS256"],
  };

  const app = new tessera.ConfidentialClientApplication({
    auth: {
      clientId,
      clientSecret,
      oidcAuthority: issuer,
      authorityMetadata: JSON.stringify(metadata),
    },
    system: {
      networkClient: {
        ...noNetwork,
        sendGetRequestAsync: async () => ({ status: 200, headers: {}, body: keys }),
        sendPostRequestAsync: async () => ({ status: 200, headers: {}, body: tokens }),
      },
    },
  });
  const config = new client.Configuration(metadata, clientId, clientSecret);
  config[client.customFetch] = async (url) =>
    globalThis.Response.json(String(url).endsWith("/keys") ? keys : tokens);
  client.enableNonRepudiationChecks(config);

  const contenders = {
    tessera: (i) => app.acquireTokenByCode({ code: `code ${i}`, scopes, redirectUri }),
    openidClient: (i) =>
      client.authorizationCodeGrant(config, new URL(`${redirectUri}?code=code-${i}`), {
        pkceCodeVerifier: "v".repeat(43),
      }),
    signature: () => compactVerify(idToken, publicKey),
  };
  // A server soon runs compiled code only. Compiling it takes a thousand calls, and as long as all of them.
  for (const call of Object.values(contenders)) for (let i = 0; i < WARM_UP; i += 1) await call(i);
  const found = await measure(contenders, { seconds, watch: processorWatch });
  const beside = (against, wanted) => ({
    tessera: found.tessera.median,
    other: against === "openid-client" ? found.openidClient.median : found.signature.median,
    against,
    wanted: { most: wanted },
  });
  return [
    share("a sign-in, without the network", beside("the signature check", 3)),
    share("  beside another library", beside("openid-client", 0.5)),
  ];
}
