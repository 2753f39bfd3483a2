import { X509Certificate } from "node:crypto";
import { isObject } from "../json.js";
import type { App, FederatedCredential } from "./config.js";
import type { FederatedCredentialOptions } from "./config-options.js";
import {
  LocalAuthorityConfigurationError,
  checkArray,
  checkEach,
  checkFlag,
  checkKeys,
  checkString,
} from "./checks.js";
import { isLoopback } from "./loopback.js";
import { exchangeResource } from "./defaults.js";

/** The fields that configure an app's credentials other than its secret. */
export const credentialKeys: readonly (keyof App)[] = [
  "certificates",
  "subjectNameIssuer",
  "jwks",
  "clientSecretJwt",
  "federatedCredentials",
  "tlsClientAuth",
  "rejectReplayedAssertions",
];

/** @throws {LocalAuthorityConfigurationError} for the first invalid field */
export function checkCredentials(field: string, app: App): void {
  const { certificates = [], subjectNameIssuer, jwks, federatedCredentials = [], tlsClientAuth } = app;
  checkEach(`${field}.certificates`, certificates, checkRsaCertificate);
  if (subjectNameIssuer !== undefined) checkSubject(`${field}.subjectNameIssuer`, subjectNameIssuer);
  if (jwks !== undefined) checkKeySet(`${field}.jwks`, jwks);
  checkEach(`${field}.federatedCredentials`, federatedCredentials, checkFederated);
  if (tlsClientAuth !== undefined) {
    const tlsField = `${field}.tlsClientAuth`;
    if (isObject(tlsClientAuth) && "certificate" in tlsClientAuth) {
      checkKeys(tlsField, tlsClientAuth, ["certificate"]);
      checkCertificate(`${tlsField}.certificate`, tlsClientAuth.certificate);
    } else checkSubject(tlsField, tlsClientAuth);
  }
  for (const flag of ["clientSecretJwt", "rejectReplayedAssertions"] as const) {
    if (app[flag] !== undefined) checkFlag(`${field}.${flag}`, app[flag]);
  }
}

export function withDefaultAudiences(
  field: string,
  credentials: readonly FederatedCredentialOptions[],
): readonly FederatedCredential[] {
  return checkArray(field, credentials).map((credential) => ({ audience: exchangeResource, ...credential }));
}

function checkFederated(field: string, value: unknown): void {
  checkKeys(field, value, ["issuer", "subject", "audience", "jwks", "jwksUri", "ca"]);
  const { issuer, subject, audience, jwks, jwksUri, ca } = value as FederatedCredential;
  checkString(`${field}.subject`, subject);
  checkString(`${field}.audience`, audience);
  if (issuer !== undefined) checkString(`${field}.issuer`, issuer);
  if (ca !== undefined) checkCertificate(`${field}.ca`, ca);
  if (jwks !== undefined) checkKeySet(`${field}.jwks`, jwks);
  if (jwksUri !== undefined && !isLoopback(jwksUri)) {
    throw new LocalAuthorityConfigurationError(
      `${field}.jwksUri`,
      jwksUri,
      "use a URL on this machine, or jwks",
    );
  }
  if (issuer !== undefined && jwks === undefined && jwksUri === undefined && !isLoopback(issuer)) {
    throw new LocalAuthorityConfigurationError(
      `${field}.issuer`,
      issuer,
      "it is not on this machine, and keys are not fetched from other machines: use its keys as jwks",
    );
  }
}

function checkSubject(field: string, value: unknown): void {
  checkKeys(field, value, ["subject", "issuerCa"]);
  const { subject, issuerCa } = value as Readonly<Record<string, unknown>>;
  checkString(`${field}.subject`, subject);
  checkCertificate(`${field}.issuerCa`, issuerCa);
}

function checkRsaCertificate(field: string, value: unknown): void {
  if (checkCertificate(field, value).publicKey.asymmetricKeyType !== "rsa") {
    throw new LocalAuthorityConfigurationError(
      field,
      value,
      "use a certificate with an RSA key, as Entra requires",
    );
  }
}

function checkCertificate(field: string, value: unknown): X509Certificate {
  try {
    if (typeof value === "string") return new X509Certificate(value);
  } catch {
    // rejected below, like values that are not strings
  }
  throw new LocalAuthorityConfigurationError(field, value, "use a certificate as PEM");
}

function checkKeySet(field: string, value: unknown): void {
  const keys: unknown = isObject(value) ? value["keys"] : undefined;
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every(isPublicKey)) {
    throw new LocalAuthorityConfigurationError(
      field,
      value,
      "use { keys: […] } with at least one public RSA or EC key (RFC 7517 §5)",
    );
  }
}

function isPublicKey(key: unknown): boolean {
  return isObject(key) && ["RSA", "EC"].includes(String(key["kty"])) && !("d" in key);
}
