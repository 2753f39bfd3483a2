// An app token at an OpenID Provider without any scope: the provider decides what it grants.
import { ConfidentialClientApplication } from "@tessera/node";

const { ISSUER, CLIENT_ID, CLIENT_SECRET } = process.env;
const app = new ConfidentialClientApplication({
  auth: { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, oidcAuthority: ISSUER },
});
const { accessToken } = await app.acquireTokenByClientCredential({});
console.log(accessToken);
