// @ts-check
// A daemon: an app that acts in its own name (OAuth 2.0 client credentials, RFC 6749 §4.4).
//
//   node daemon.mjs                 against a local authority that it starts itself
//
//   TENANT=… CLIENT_ID=… CLIENT_SECRET=… node daemon.mjs
//                                   against Microsoft Entra; SCOPE names the API, Microsoft Graph by default
//   AUTHORITY=https://… CLIENT_ID=… CLIENT_SECRET=… SCOPE=… node daemon.mjs
//                                   against another authority
import { AuthError, ConfidentialClientApplication } from "@tessera/node";

const {
  TENANT,
  AUTHORITY,
  CLIENT_ID,
  CLIENT_SECRET,
  SCOPE = "https://graph.microsoft.com/.default",
} = process.env;

const { configuration, stop } = CLIENT_ID ? fromEnvironment() : await withLocalAuthority();
try {
  // One application object serves the whole process: it holds the cache.
  const app = new ConfidentialClientApplication(configuration);
  for (const call of ["first call ", "second call"]) {
    const { accessToken, expiresOn, fromCache } = await app.acquireTokenByClientCredential({
      scopes: [SCOPE],
    });
    const source = fromCache ? "from the cache" : "from the identity provider";
    // A token is a secret: use it as `authorization: Bearer …`, and never print it.
    console.log(
      `${call}: a token of ${accessToken.length} characters, ${source}, until ${expiresOn?.toISOString()}`,
    );
  }
} catch (error) {
  if (!(error instanceof AuthError)) throw error;
  console.error(`No token (${error.errorCode}): ${error.errorMessage}`);
  process.exitCode = 1;
} finally {
  await stop();
}

function fromEnvironment() {
  const authority = AUTHORITY ?? `https://login.microsoftonline.com/${TENANT ?? "common"}`;
  return {
    configuration: { auth: { clientId: CLIENT_ID ?? "", clientSecret: CLIENT_SECRET, authority } },
    stop: async () => {},
  };
}

async function withLocalAuthority() {
  const { startLocalAuthority } = await import("@tessera/local-authority");
  const authority = await startLocalAuthority();
  const daemon = authority.config.tenants[0]?.apps.find(({ name }) => name.endsWith("Daemon"));
  console.log(`local authority: ${authority.url}, app: ${daemon?.name}`);
  return {
    configuration: {
      auth: {
        clientId: daemon?.clientId ?? "",
        clientSecret: daemon?.clientSecret,
        authority: authority.authorityUrl(),
      },
      // Both ends are on this machine: its certificate is to be trusted, and no proxy is in between.
      system: { ca: authority.caPem, proxy: /** @type {const} */ (false) },
    },
    stop: authority.close,
  };
}
