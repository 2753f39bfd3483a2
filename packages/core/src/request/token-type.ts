/** Start of the token types of RFC 8693 §3. */
const PREFIX = "urn:ietf:params:oauth:token-type:";

/** Types that no API accepts as an access token. */
const OTHER_TYPES: ReadonlySet<string> = new Set(
  ["refresh_token", "id_token", "saml1", "saml2", "id-jag"].map((name) => PREFIX + name),
);

/** Returns the URI of a token type (RFC 8693 §3), which may be given by the short name at its end. */
export function tokenTypeUri(type: string): string {
  return type.includes(":") ? type : PREFIX + type;
}

/** The type that every provider can issue. */
export const ACCESS_TOKEN_TYPE = tokenTypeUri("access_token");

/** Whether a type may be an access token: a provider's own type may, and so may any JWT. */
export function isAccessTokenType(uri: string): boolean {
  return !OTHER_TYPES.has(uri);
}

/** Whether a token of one type is what was asked for as another. An ID token is a JWT, and so may an access token be. */
export function isTypeAsked(issued: string, asked: string): boolean {
  const jwt = tokenTypeUri("jwt");
  if (issued === asked || issued === jwt || asked === jwt) return true;
  return isAccessTokenType(issued) && isAccessTokenType(asked);
}
