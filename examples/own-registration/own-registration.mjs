// @ts-check
// A web app at a provider that it has never met: registers itself (RFC 7591), pushes its authorization requests (RFC 9126),
// gets tokens that are bound to a key (DPoP, RFC 9449), asks who the user is, and leaves nothing behind.
//
//   node own-registration.mjs               at a certified OpenID Provider that it starts itself; the program plays the user
//
//   ISSUER=https://… node own-registration.mjs      at a provider of your own; INITIAL_ACCESS_TOKEN if it requires one
import {
  ConfidentialClientApplication,
  deleteClientRegistration,
  registerClient,
  registeredClient,
} from "@tessera/node";
import { createFormFiller, createRealBrowser } from "../demo/sign-in.mjs";
import { startProvider } from "./provider.mjs";

const { ISSUER, INITIAL_ACCESS_TOKEN: initialAccessToken } = process.env;
const provider = ISSUER ? undefined : await startProvider();
const browser = provider ? createFormFiller() : await createRealBrowser();
const authority = ISSUER ?? provider?.url ?? "";
const { redirectUri } = browser;

// A program that is started again stores the registration like a password, and reads it from there.
const registration = await registerClient({
  authority,
  ...(initialAccessToken ? { initialAccessToken } : {}),
  metadata: {
    client_name: "An example of Tessera",
    application_type: "native",
    redirect_uris: [redirectUri],
    grant_types: ["authorization_code", "refresh_token"],
    token_endpoint_auth_method: "client_secret_basic",
  },
});
console.log(`Registered at ${registration.issuer} as ${registration.clientId}`);

try {
  const app = new ConfidentialClientApplication({ auth: registeredClient(registration) });
  const bound = /** @type {const} */ ({ authenticationScheme: "DPoP" });
  const flow = await app.initiateAuthCodeFlow({ scopes: [], redirectUri, prompt: "consent", ...bound });
  console.log(`The browser sees only ${[...new URL(flow.authUrl).searchParams.keys()].join(" and ")}`);
  const user = provider?.user ?? { username: "yourself", password: "your own" };
  const answer = await browser.signIn(flow.authUrl, { user });
  const { account, accessToken, tokenType } = await app.acquireTokenByAuthCodeFlow(flow, answer);
  console.log(
    `Signed in as ${account?.username || account?.localAccountId}, with a token of the type ${tokenType}`,
  );

  const claims = await app.userInfo({ accessToken, ...(account ? { account } : {}) });
  console.log(`The provider says: ${JSON.stringify(claims)}`);

  if (account) await app.revoke({ account });
  const { active } = await app.introspect({ token: accessToken });
  console.log(active ? "The token still works: it expires soon" : "The token is revoked");
} finally {
  if (registration.registrationClientUri) await deleteClientRegistration({ registration });
  console.log("The registration is deleted");
  await browser.close();
  provider?.close();
}
