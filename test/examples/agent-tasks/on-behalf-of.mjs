// An API that exchanges its caller's token for one of another API.
import { ConfidentialClientApplication } from "@tessera/node";

const app = new ConfidentialClientApplication({
  auth: {
    clientId: process.env.CLIENT_ID,
    clientSecret: process.env.CLIENT_SECRET,
    authority: process.env.AUTHORITY,
  },
});
const { accessToken } = await app.acquireTokenOnBehalfOf({
  oboAssertion: process.env.CALLERS_TOKEN,
  scopes: ["https://graph.microsoft.com/User.Read"],
});
console.log(accessToken);
