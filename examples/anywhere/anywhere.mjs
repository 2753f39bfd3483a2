// @ts-check
// A program that runs unchanged on a laptop, in CI and on an Azure host. It contains no secret and asks for none: the
// credential finds the identity that the program has where it runs.
//
//   node try-both.mjs               runs it twice: with a secret, and with a managed identity
//
//   AZURE_TENANT_ID=… AZURE_CLIENT_ID=… AZURE_CLIENT_SECRET=… node anywhere.mjs
//                                   as an app of Microsoft Entra; SCOPE names the API, Key Vault by default
//   az login && node anywhere.mjs   as yourself
//   node anywhere.mjs               on an Azure host, as its managed identity
import { AuthError, createDefaultCredential } from "@tessera/node";

const { SCOPE = "https://vault.azure.net/.default" } = process.env;

try {
  // One credential serves the whole process: it remembers which identity it has found.
  const credential = createDefaultCredential();
  for (const call of ["first call ", "second call"]) {
    const { accessToken, expiresOn, fromCache } = await credential.acquireToken({ scopes: [SCOPE] });
    const source = fromCache ? "from the cache" : "requested";
    // A token is a secret: use it as `authorization: Bearer …`, and never print it.
    console.log(`${call}: ${accessToken.length} characters, ${source}, until ${expiresOn?.toISOString()}`);
  }
} catch (error) {
  if (!(error instanceof AuthError)) throw error;
  // If there is no identity, the message lists where the credential has looked, and what to do there.
  console.error(`No token (${error.errorCode}): ${error.errorMessage}`);
  process.exitCode = 1;
}
