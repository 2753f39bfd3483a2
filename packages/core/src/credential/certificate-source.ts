import type { Certificate, CertificateOptions } from "./certificate.js";
import type { CredentialContext } from "./external-signature.js";
import { SharedRenewals } from "./shared-renewals.js";

/** The argument of a certificate function, passed when the server has refused the certificate that it returned before. */
export interface CertificateContext {
  readonly isRefused: boolean;
}

/** A certificate, or a function that returns the current one, so that it can be rotated without a restart. */
export type CertificateSource =
  | CertificateOptions
  | ((
      refusal?: CertificateContext,
      context?: CredentialContext,
    ) => CertificateOptions | Promise<CertificateOptions>);

/** The certificate to use for one request. */
export interface CurrentCertificate {
  readonly certificate: Certificate;
  /** Asks the source again; absent when it is not a function. */
  readonly renew?: (signal?: AbortSignal) => Promise<Certificate>;
}

/**
 * Returns a function for the current certificate, which is parsed again only when the source returns a different one.
 */
export function currentCertificate(
  source: CertificateSource,
  read: (options: CertificateOptions) => Certificate,
): (signal?: AbortSignal) => Promise<CurrentCertificate> {
  if (typeof source !== "function") {
    const certificate = read(source);
    return async () => ({ certificate });
  }
  let known: { readonly text: string; readonly certificate: Certificate } | undefined;
  const parsed = (options: CertificateOptions): Certificate => {
    const text = JSON.stringify(options);
    if (known?.text !== text || known.certificate.sign !== options.sign)
      known = { text, certificate: read(options) };
    return known.certificate;
  };
  const renewals = new SharedRenewals<Certificate>();
  return async (signal) => {
    const since = renewals.mark();
    const certificate = parsed(await source(undefined, contextWith(signal)));
    const fresh = async (shared: AbortSignal | undefined): Promise<Certificate> =>
      parsed(await source({ isRefused: true }, contextWith(shared)));
    return {
      certificate,
      renew: (waiting) => renewals.run(source, { key: "", since, signal: waiting }, fresh),
    };
  };
}

function contextWith(signal: AbortSignal | undefined): CredentialContext {
  return signal ? { signal } : {};
}
