// @ts-check
// A daemon that proves itself with a certificate (RFC 7523 §2.2), and goes on when the certificate is renewed.
//
//   node daemon-certificate.mjs     against a local authority that it starts itself, with certificates made for the run
//
//   TENANT=… CLIENT_ID=… CERTIFICATE=daemon.pem node daemon-certificate.mjs
//                                   against Microsoft Entra; the file holds private key and certificate, PEM
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AuthError, ConfidentialClientApplication } from "@tessera/node";

const scopes = [process.env.SCOPE ?? "https://graph.microsoft.com/.default"];
const { CLIENT_ID } = process.env;
const { auth, system, file, renew, stop } = CLIENT_ID
  ? fromEnvironment(CLIENT_ID)
  : await withLocalAuthority();
try {
  const app = new ConfidentialClientApplication({
    auth: {
      ...auth,
      // Asked only when a token is requested: the file can be replaced while the daemon runs.
      clientCertificate: async () => {
        const pem = await readFile(file, "utf8");
        return { privateKey: pem, publicCertificate: pem };
      },
    },
    ...(system ? { system } : {}),
  });
  await getToken(app, "first call");
  await getToken(app, "second call");
  await renew();
  await getToken(app, "with the renewed certificate", true);
} catch (error) {
  if (!(error instanceof AuthError)) throw error;
  console.error(`No token (${error.errorCode}): ${error.errorMessage}`);
  process.exitCode = 1;
} finally {
  await stop();
}

/**
 * @param {ConfidentialClientApplication} app
 * @param {string} call
 * @param {boolean} [skipCache]
 */
async function getToken(app, call, skipCache = false) {
  const { accessToken, fromCache } = await app.acquireTokenByClientCredential({ scopes, skipCache });
  const source = fromCache ? "from the cache" : "from the identity provider";
  // A token is a secret: use it as `authorization: Bearer …`, and never print it.
  console.log(`${call}: a token of ${accessToken.length} characters, ${source}`);
}

/** @param {string} clientId */
function fromEnvironment(clientId) {
  const authority =
    process.env.AUTHORITY ?? `https://login.microsoftonline.com/${process.env.TENANT ?? "common"}`;
  return {
    auth: { clientId, authority },
    system: undefined,
    file: process.env.CERTIFICATE ?? "daemon.pem",
    renew: async () => {},
    stop: async () => {},
  };
}

async function withLocalAuthority() {
  const { startLocalAuthority } = await import("@tessera/local-authority");
  const [current, next] = [await makeCertificate("old"), await makeCertificate("new")];
  // As with Entra, the next certificate is registered beside the current one before it is used.
  const apps = [{ clientId: "daemon", certificates: [current.certificate, next.certificate] }];
  const authority = await startLocalAuthority({ tenants: [{ domain: "contoso.example", apps }] });
  const folder = await mkdtemp(join(tmpdir(), "daemon-"));
  const file = join(folder, "daemon.pem");
  const write = (/** @type {{ key: string, certificate: string }} */ { key, certificate }) =>
    writeFile(file, key + certificate, { mode: 0o600 });
  await write(current);
  console.log(`local authority: ${authority.url}`);
  return {
    auth: { clientId: "daemon", authority: authority.authorityUrl() },
    // Both ends are on this machine: its certificate is to be trusted, and no proxy is in between.
    system: { ca: authority.caPem, proxy: /** @type {const} */ (false) },
    file,
    renew: () => write(next),
    stop: async () => {
      await authority.close();
      await rm(folder, { recursive: true });
    },
  };
}

/**
 * A self-signed certificate for the run. In production an authority or a key vault issues it.
 *
 * @param {string} name
 */
async function makeCertificate(name) {
  const { default: forge } = await import("node-forge");
  const keys = forge.pki.rsa.generateKeyPair(2048);
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = keys.publicKey;
  certificate.serialNumber = `01${forge.util.bytesToHex(forge.random.getBytesSync(8))}`;
  const hour = 3_600_000;
  certificate.validity.notBefore = new Date(Date.now() - hour);
  certificate.validity.notAfter = new Date(Date.now() + hour);
  const subject = [{ name: "commonName", value: name }];
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.sign(keys.privateKey, forge.md.sha256.create());
  return {
    key: forge.pki.privateKeyToPem(keys.privateKey),
    certificate: forge.pki.certificateToPem(certificate),
  };
}
