// A website's sign-in: the URL for the browser, and the code that comes back.
import { ConfidentialClientApplication } from "@tessera/node";

const app = new ConfidentialClientApplication({
  auth: {
    clientId: process.env.CLIENT_ID,
    clientSecret: process.env.CLIENT_SECRET,
    authority: process.env.AUTHORITY,
  },
});
const flow = await app.initiateAuthCodeFlow({
  scopes: ["User.Read"],
  redirectUri: "http://localhost/callback",
});
console.log(`open ${flow.authUrl}`);
for await (const returned of process.stdin.setEncoding("utf8")) {
  const { accessToken } = await app.acquireTokenByAuthCodeFlow(flow, new URL(returned.trim()));
  console.log(accessToken);
  break;
}
process.stdin.destroy();
