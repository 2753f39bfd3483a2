// A fetch with a token that works on a laptop, in CI and on an Azure host.
import { createDefaultCredential } from "@tessera/node";

const credential = createDefaultCredential();
const { token } = await credential.getToken("https://vault.azure.net/.default");
console.log(token);
