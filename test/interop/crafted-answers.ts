import type { LocalAuthority } from "@tessera/local-authority";

/** Makes the next answer of the token endpoint a given one. */
export function answerNext(
  authority: LocalAuthority,
  body: Readonly<Record<string, unknown>> | string,
  status = 200,
): void {
  authority.fault({
    match: "token",
    status,
    headers: {
      "content-type": "application/json",
      "x-ms-request-id": "b4a4a4a4-0000-4000-8000-00000000000f",
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** A successful token response of Entra for a user (values of the default tenant), with some of it replaced. */
export function userAnswer(
  authority: LocalAuthority,
  clientId: string,
  {
    claims = {},
    ...over
  }: Readonly<Record<string, unknown>> & { readonly claims?: Readonly<Record<string, unknown>> } = {},
): Record<string, unknown> {
  const tid = typeof claims["tid"] === "string" ? claims["tid"] : (authority.config.tenants[0]?.id ?? "");
  const now = Math.floor(Date.now() / 1000);
  return {
    token_type: "Bearer",
    scope: "https://graph.microsoft.com/User.Read openid profile",
    expires_in: 3600,
    ext_expires_in: 7200,
    access_token: "access-token",
    refresh_token: "refresh-token",
    client_info: clientInfo({ uid: "user-1", utid: authority.config.tenants[0]?.id }),
    id_token: unsignedJwt({
      iss: authority.issuer(tid),
      aud: clientId,
      sub: "subject-1",
      oid: "user-1",
      tid,
      preferred_username: "user-1@contoso.example",
      name: "User One",
      iat: now,
      nbf: now,
      exp: now + 3600,
      ver: "2.0",
      ...claims,
    }),
    ...over,
  };
}

export function clientInfo(info: Readonly<Record<string, unknown>>): string {
  return Buffer.from(JSON.stringify(info)).toString("base64url");
}

function unsignedJwt(claims: Readonly<Record<string, unknown>>): string {
  const [header, payload] = [{ typ: "JWT", alg: "RS256" }, claims].map(clientInfo);
  return `${header}.${payload}.c2lnbmF0dXJl`;
}
