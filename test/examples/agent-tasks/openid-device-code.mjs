// Device code against an OpenID Provider (Keycloak and others).
import { PublicClientApplication } from "@tessera/node";

const app = new PublicClientApplication({
  auth: { clientId: process.env.CLIENT_ID, oidcAuthority: process.env.ISSUER },
});
const { accessToken, account } = await app.acquireTokenByDeviceCode({
  scopes: ["openid"],
  deviceCodeCallback: ({ verificationUri, userCode }) => console.log(`visit ${verificationUri} ${userCode}`),
});
console.log(account.homeAccountId === "" ? "" : accessToken);
