/** AD FS's identifier of Entra. */
export const cloudAudience = "urn:federation:MicrosoftOnline";

/** The issuer of AD FS's assertions and access tokens. An identifier that begins with `http`, even with HTTPS. */
export function federationIssuer(url: string): string {
  return `${url.replace(/^https:/, "http:")}/adfs/services/trust`;
}
