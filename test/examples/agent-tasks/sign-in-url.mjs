// A website's sign-in without a framework: prints the sign-in URL, reads the URL of the answer, redeems it.
import { once } from "node:events";
import { createInterface } from "node:readline";
import { ConfidentialClientApplication } from "@tessera/node";

const { CLIENT_ID, CLIENT_SECRET, AUTHORITY } = process.env;
const app = new ConfidentialClientApplication({
  auth: { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, authority: AUTHORITY },
});
// The flow holds state, nonce and PKCE verifier; a real site keeps it in the user's session.
const flow = await app.initiateAuthCodeFlow({
  scopes: ["User.Read"],
  redirectUri: "http://localhost/callback",
});
console.log(`open ${flow.authUrl}`);

const lines = createInterface({ input: process.stdin });
const [line] = await once(lines, "line");
lines.close();
process.stdin.destroy(); // so that the program can end while its standard input is still open

// Checks state, iss, nonce and the ID token, and that the flow is used once.
const { accessToken } = await app.acquireTokenByAuthCodeFlow(flow, new URL(line.trim()));
console.log(accessToken);
