import type { SecureContext } from "node:tls";
import type { ClientTls } from "@tessera/core/internal";

/** Parsing certificates is slow, so it is done once per process, not per application. */
const contexts = new Map<string, SecureContext>();

/**
 * Returns a TLS context that trusts certificates in addition to all that Node.js trusts: its own, `NODE_EXTRA_CA_CERTS`, `--use-system-ca`, `--use-openssl-ca`, `tls.setDefaultCACertificates`.
 *
 * @param ca PEM
 * @param certificate client certificate to present
 * @returns `undefined` if Node.js's defaults apply
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
  // The option `ca` would replace the default certificates, which no release of Node.js lists completely.
  const context = secure.context as NativeContext;
  for (const pem of ca) context.addCACert(pem);
  // Node.js 20 drops NODE_EXTRA_CA_CERTS once a certificate is added.
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
    // Node.js has already warned about it.
    return [];
  }
}
