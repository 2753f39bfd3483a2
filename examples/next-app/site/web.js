import { ConfidentialClientApplication } from "@tessera/node";
import { createWebSignIn } from "@tessera/web";
function create() {
  const { CLIENT_ID = "", CLIENT_SECRET, AUTHORITY, BASE_URL = "", SESSION_SECRETS = "" } = process.env;
  const app = new ConfidentialClientApplication({ auth: { clientId: CLIENT_ID, clientSecret: CLIENT_SECRET, authority: AUTHORITY }, system: { proxy: false } });
  console.log("CREATED in", process.pid);
  return { web: createWebSignIn({ app, baseUrl: BASE_URL, scopes: ["openid"], session: { secrets: SESSION_SECRETS.split(" ") } }) };
}
export const site = () => (globalThis.tesseraSite ??= create());
