/** AD FS's identifier of Entra. */
export const cloudAudience = "urn:federation:MicrosoftOnline";

/** The issuer of AD FS's assertions and access tokens. It is an identifier that begins with `http`. */
export function federationIssuer(url: string): string {
  return `${url.replace(/^https:/, "http:")}/adfs/services/trust`;
}
