// A program on an Azure host, with the identity of the host.
import { ManagedIdentityApplication } from "@tessera/node";

const identity = new ManagedIdentityApplication();
const { accessToken } = await identity.acquireToken({ resource: "https://vault.azure.net" });
console.log(accessToken);
