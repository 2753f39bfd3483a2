/** What an AD FS calls Entra. */
export const cloudAudience = "urn:federation:MicrosoftOnline";

/** The `Issuer` of assertions. */
export function federationIssuer(url: string): string {
  return `${url}/adfs/services/trust`;
}
