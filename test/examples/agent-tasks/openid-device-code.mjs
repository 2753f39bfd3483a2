// Signs a user in with a device code at an OpenID Provider, and prints the access token.
import { PublicClientApplication } from "@tessera/node";

const { ISSUER, CLIENT_ID } = process.env;
const app = new PublicClientApplication({
  auth: { clientId: CLIENT_ID, oidcAuthority: ISSUER },
});
const { accessToken } = await app.acquireTokenByDeviceCode({
  scopes: ["openid"],
  deviceCodeCallback: ({ verificationUri, userCode }) => console.log(`visit ${verificationUri} ${userCode}`),
});
console.log(accessToken);
