// An API exchanges its caller's token for a token of Microsoft Graph, on behalf of the caller's user.
import { ConfidentialClientApplication } from "@tessera/node";

const { CLIENT_ID, CLIENT_SECRET, AUTHORITY, CALLERS_TOKEN } = process.env;
const app = new ConfidentialClientApplication({
  auth: { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, authority: AUTHORITY },
});
// A real API validates the caller's token before this (createApiGuard of @tessera/web).
const { accessToken } = await app.acquireTokenOnBehalfOf({
  oboAssertion: CALLERS_TOKEN,
  scopes: ["https://graph.microsoft.com/User.Read"],
});
console.log(accessToken);
