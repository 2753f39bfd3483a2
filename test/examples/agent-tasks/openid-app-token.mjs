// An app token of an OpenID Provider that needs no scope.
import { ConfidentialClientApplication } from "@tessera/node";

const app = new ConfidentialClientApplication({
  auth: {
    clientId: process.env.CLIENT_ID,
    clientSecret: process.env.CLIENT_SECRET,
    oidcAuthority: process.env.ISSUER,
  },
});
const { accessToken } = await app.acquireTokenByClientCredential({});
console.log(accessToken);
