// What to do when the provider says that there were too many requests.
import { AuthError, ConfidentialClientApplication } from "@tessera/node";

const app = new ConfidentialClientApplication({
  auth: {
    clientId: process.env.CLIENT_ID,
    clientSecret: process.env.CLIENT_SECRET,
    authority: process.env.AUTHORITY,
  },
});
try {
  await app.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] });
} catch (error) {
  if (!(error instanceof AuthError)) throw error;
  console.log(`wait ${error.retryAfterSeconds} seconds`);
}
