import type { SecureContext } from "node:tls";
import type { ClientTls } from "@tessera/core/internal";

/** Reading certificates takes long: once in a process, not for every application. */
const contexts = new Map<string, SecureContext>();

/**
 * TLS settings that trust some certificates beside all that Node.js trusts, whichever way it was told to:
 * `NODE_EXTRA_CA_CERTS`, `--use-system-ca`, `--use-openssl-ca`, `tls.setDefaultCACertificates`.
 *
 * @param ca PEM
 * @param certificate to present
 * @returns `undefined` when Node.js's defaults will do
 */
export function trusting(
  ca: readonly string[],
  certificate: ClientTls | undefined,
): SecureContext | undefined {
  if (certificate) return contextOf(ca, certificate);
  if (ca.length === 0) return undefined;
  const key = ca.join();
  const context = contexts.get(key) ?? contextOf(ca, undefined);
  contexts.set(key, context);
  return context;
}

function contextOf(ca: readonly string[], certificate: ClientTls | undefined): SecureContext {
  const tls = process.getBuiltinModule("node:tls");
  const secure = tls.createSecureContext({ ...certificate });
  if (ca.length === 0) return secure;
  // To pass `ca` would replace what is trusted by default, and no release lists all of that.
  const context = secure.context as NativeContext;
  for (const pem of ca) context.addCACert(pem);
  // Node.js 20 forgets these once a certificate is added.
  if (!("getCACertificates" in tls)) for (const pem of extraCertificates()) context.addCACert(pem);
  return secure;
}

interface NativeContext {
  addCACert(pem: string): void;
}

function extraCertificates(): readonly string[] {
  const file = process.env["NODE_EXTRA_CA_CERTS"];
  if (!file) return [];
  try {
    return [process.getBuiltinModule("node:fs").readFileSync(file, "utf8")];
  } catch {
    // Node.js has warned of it.
    return [];
  }
}
