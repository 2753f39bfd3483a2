// A token of the Azure host's own identity for Key Vault.
import { ManagedIdentityApplication } from "@tessera/node";

// The environment tells which host it is; without an ID, the system-assigned identity is used.
const app = new ManagedIdentityApplication();
const { accessToken } = await app.acquireToken({
  resource: "https://vault.azure.net",
});
console.log(accessToken);
