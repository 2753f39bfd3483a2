/** What an AD FS calls Entra. */
export const cloudAudience = "urn:federation:MicrosoftOnline";

/** The `Issuer` of assertions and of the AD FS's access tokens: an identifier, which AD FS starts with `http`. */
export function federationIssuer(url: string): string {
  return `${url.replace(/^https:/, "http:")}/adfs/services/trust`;
}
