// A daemon with a secret: fifty equal calls at once, which share one request; prints the token of the last.
import { ConfidentialClientApplication } from "@tessera/node";

const { CLIENT_ID, CLIENT_SECRET, AUTHORITY } = process.env;
const app = new ConfidentialClientApplication({
  auth: { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, authority: AUTHORITY },
});
const scopes = ["https://graph.microsoft.com/.default"];
const results = await Promise.all(
  Array.from({ length: 50 }, () => app.acquireTokenByClientCredential({ scopes })),
);
console.log(results.at(-1).accessToken);
