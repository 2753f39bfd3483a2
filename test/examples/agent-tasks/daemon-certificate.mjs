// A daemon that authenticates with a certificate: prints an app token for Microsoft Graph.
import { readFile } from "node:fs/promises";
import { ConfidentialClientApplication } from "@tessera/node";

const { CLIENT_ID, AUTHORITY, KEY_FILE, CERTIFICATE_FILE } = process.env;
const app = new ConfidentialClientApplication({
  auth: {
    clientId: CLIENT_ID,
    authority: AUTHORITY,
    // A function, so that a renewed certificate is picked up while the daemon runs.
    clientCertificate: async () => ({
      privateKey: await readFile(KEY_FILE, "utf8"),
      publicCertificate: await readFile(CERTIFICATE_FILE, "utf8"),
    }),
  },
});
const { accessToken } = await app.acquireTokenByClientCredential({
  scopes: ["https://graph.microsoft.com/.default"],
});
console.log(accessToken);
