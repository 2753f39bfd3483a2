// @ts-check
// A program on a device without a browser: shows a code, and the user signs in on another device (RFC 8628).
//
//   node device-code.mjs               against a local authority that it starts itself
//   node device-code.mjs --qr          shows the address as a QR code, too
//   node device-code.mjs --self-test   without a human: the program plays the user, too
//
//   CLIENT_ID=… node device-code.mjs               against Microsoft Entra; TENANT and SCOPE as you like
import { AuthError, PublicClientApplication } from "@tessera/node";
import { pretendUser } from "../desktop-cli/pretend-user.mjs";

const { CLIENT_ID, TENANT = "organizations", SCOPE = "User.Read" } = process.env;
const options = new Set(process.argv.slice(2));
const unknown = [...options].find((option) => option !== "--qr" && option !== "--self-test");
if (unknown) {
  console.error(`unknown option ${unknown}: there are --qr and --self-test`);
  process.exit(1);
}

const { auth, system, user, stop } = CLIENT_ID ? fromEnvironment() : await withLocalAuthority();
// Ctrl+C ends the wait, and lets the program end in order.
const interrupted = new AbortController();
process.once("SIGINT", () => interrupted.abort());
try {
  const app = new PublicClientApplication({ auth, system });
  const { account, expiresOn } = await app.acquireTokenByDeviceCode({
    scopes: [SCOPE],
    signal: interrupted.signal,
    deviceCodeCallback: show,
  });
  console.log(`You are ${account?.username}; the token is good until ${expiresOn?.toISOString()}`);
} catch (error) {
  if (!(error instanceof AuthError)) throw error;
  console.error(`No token (${error.errorCode}): ${error.errorMessage}`);
  process.exitCode = 1;
} finally {
  await stop();
}

/** @param {import("@tessera/node").DeviceCodeResponse} device */
async function show({ message, expiresIn, userCode, verificationUri, verificationUriComplete }) {
  // With the code in the address there is nothing left to type.
  const address = verificationUriComplete ?? verificationUri;
  if (options.has("--qr")) {
    const { default: qrcode } = await import("qrcode-terminal");
    qrcode.generate(address, { small: true }, (picture) => console.log(picture));
  }
  console.log(message);
  console.log(`You have ${Math.round(expiresIn / 60)} minutes.`);
  if (user) await pretendUser(address, { ...user, userCode });
}

function fromEnvironment() {
  return {
    auth: { clientId: CLIENT_ID ?? "", authority: `https://login.microsoftonline.com/${TENANT}` },
    system: {},
    user: undefined,
    stop: async () => {},
  };
}

async function withLocalAuthority() {
  const { startLocalAuthority } = await import("@tessera/local-authority");
  // Plain HTTP: the browser would warn of a certificate it does not know.
  const authority = await startLocalAuthority({ http: true, deviceCode: { interval: 1, completeUri: true } });
  const [tenant] = authority.config.tenants;
  const desktop = tenant?.apps.find(({ name }) => name.endsWith("Desktop"));
  const person = tenant?.users[0];
  if (!desktop || !person) throw new Error("the local authority has no app or no user to try");
  const isSelfTest = options.has("--self-test");
  if (!isSelfTest) console.log(`Sign in as ${person.username}, password: ${person.password}`);
  return {
    auth: { clientId: desktop.clientId, authority: authority.authorityUrl() },
    system: { proxy: /** @type {const} */ (false) },
    user: isSelfTest ? person : undefined,
    stop: authority.close,
  };
}
