// proves: local-authority/src/config/checks.ts
// The credentials that an app registers are checked at the start, and a fault is named by its field.
import { describe, expect, it } from "@jest/globals";
import { startLocalAuthority } from "@tessera/local-authority";
import { makeCertificate } from "../support/certificates.js";

const ca = makeCertificate({ subject: "Contoso CA", keyType: "ec" });
const own = makeCertificate({ subject: "daemon" });

describe("the credentials of an app", () => {
  const ec = makeCertificate({ subject: "a", keyType: "ec" });
  const app = (fields: object) => ({
    tenants: [{ domain: "contoso.example", apps: [{ clientId: "a", ...fields }] }],
  });
  it.each([
    ["certificates", { certificates: own.certificatePem }],
    ["certificates[0]", { certificates: ["not a certificate"] }],
    ["certificates[0]", { certificates: [ec.certificatePem] }],
    ["subjectNameIssuer.subject", { subjectNameIssuer: { issuerCa: ca.certificatePem } }],
    ["subjectNameIssuer.issuerCa", { subjectNameIssuer: { subject: "a" } }],
    ["subjectNameIssuer.issuer", { subjectNameIssuer: { subject: "a", issuer: "b" } }],
    ["jwks", { jwks: { keys: [] } }],
    ["jwks", { jwks: { keys: [{ kty: "EC", d: "private" }] } }],
    ["clientSecretJwt", { clientSecretJwt: "yes" }],
    ["rejectReplayedAssertions", { rejectReplayedAssertions: 1 }],
    ["disabled", { disabled: "no" }],
  ])("is refused, naming the field: %s", async (field, fields) => {
    await expect(startLocalAuthority(app(fields))).rejects.toMatchObject({
      field: `tenants[0].apps[0].${field}`,
    });
  });

  it("is refused without telling a private key that was given by mistake", async () => {
    const start = startLocalAuthority(app({ certificates: [own.privateKeyPem] }));
    await expect(start).rejects.toThrow(/certificates\[0\] is hidden/);
  });
});
