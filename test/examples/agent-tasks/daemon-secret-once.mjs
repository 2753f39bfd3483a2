// A daemon that makes fifty calls at once, with one token request.
import { ConfidentialClientApplication } from "@tessera/node";

const app = new ConfidentialClientApplication({
  auth: {
    clientId: process.env.CLIENT_ID,
    clientSecret: process.env.CLIENT_SECRET,
    authority: process.env.AUTHORITY,
  },
});
const scopes = ["https://graph.microsoft.com/.default"];
const results = await Promise.all(
  Array.from({ length: 50 }, () => app.acquireTokenByClientCredential({ scopes })),
);
console.log(results[49].accessToken);
