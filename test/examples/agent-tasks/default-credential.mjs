// One credential for a laptop, CI and an Azure host: prints a token for Key Vault.
import { createDefaultCredential } from "@tessera/node";

// It finds an identity where the program runs: environment, workload identity, managed identity, az, azd.
const credential = createDefaultCredential();

const { token } = await credential.getToken("https://vault.azure.net/.default");
console.log(token);
