// Asks for an app token for Microsoft Graph; when throttled, prints how many seconds to wait.
import { ConfidentialClientApplication, ServerError } from "@tessera/node";

const { CLIENT_ID, CLIENT_SECRET, AUTHORITY } = process.env;
const app = new ConfidentialClientApplication({
  auth: { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, authority: AUTHORITY },
  // Report each 429, also one with a Retry-After so short that the library would wait by itself.
  system: { retries: 0 },
});
try {
  await app.acquireTokenByClientCredential({ scopes: ["https://graph.microsoft.com/.default"] });
} catch (error) {
  if (!(error instanceof ServerError) || error.status !== 429) throw error;
  console.log(`wait ${Math.ceil(error.retryAfterSeconds)} seconds`);
}
