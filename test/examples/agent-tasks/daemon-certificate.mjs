// A daemon that authenticates with a certificate.
import { readFile } from "node:fs/promises";
import { ConfidentialClientApplication } from "@tessera/node";

const app = new ConfidentialClientApplication({
  auth: {
    clientId: process.env.CLIENT_ID,
    authority: process.env.AUTHORITY,
    clientCertificate: async () => ({
      privateKey: await readFile(process.env.KEY_FILE, "utf8"),
      publicCertificate: await readFile(process.env.CERTIFICATE_FILE, "utf8"),
    }),
  },
});
const { accessToken } = await app.acquireTokenByClientCredential({
  scopes: ["https://graph.microsoft.com/.default"],
});
console.log(accessToken);
