import type { AuthenticationResult } from "@tessera/node";

/** A token on behalf of a caller, or the response that lets the caller's client get what is missing for one. */
export type CallerToken =
  | (AuthenticationResult & { readonly response?: undefined; readonly reason?: undefined })
  | { readonly response: Response; readonly accessToken?: undefined; readonly reason: string };

/** A request for a token on behalf of a caller. */
export interface CallerTokenRequest {
  /** Scopes of the other API. */
  readonly scopes: readonly string[];
  /** With RFC 8693: name of the other API. */
  readonly audience?: string;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/** Who calls. Everything of it is verified. */
export interface Caller {
  /** Whether a user calls, by way of a client, or an app for itself. */
  readonly kind: "user" | "app";
  /** `sub`: identifies the user or app, together with the issuer. */
  readonly subject: string;
  readonly issuer: string;
  /** The client that has sent the request. */
  readonly clientId: string | undefined;
  /** The tenant, at Entra. */
  readonly tenantId: string | undefined;
  /** What the user has let the client do, without the API's name in front. */
  readonly scopes: readonly string[];
  /** What the user or app is allowed to do. */
  readonly roles: readonly string[];
  readonly expiresOn: Date;
  /** All claims. Frozen, because requests with the same token share them. */
  readonly claims: Readonly<Record<string, unknown>>;
  /**
   * Acquires a token for another API on behalf of the user, from the cache if it is there.
   *
   * @returns with `response`, which goes to the client, if the user has to act first
   * @throws AuthError if the token cannot be acquired for another reason; ClientConfigurationError without `app`
   */
  token(request: CallerTokenRequest): Promise<CallerToken>;
}

/** Returns the caller that a token names. */
export function callerOf(
  claims: Readonly<Record<string, unknown>>,
  isOfApp: boolean,
  token: Caller["token"],
): Caller {
  const { sub, iss, tid, scp, scope, roles, azp, appid, client_id: client, exp } = claims;
  const realm = claims["realm_access"];
  const ofRealm = typeof realm === "object" && realm !== null && "roles" in realm ? realm.roles : undefined;
  return {
    kind: isOfApp ? "app" : "user",
    subject: text(sub) ?? "",
    issuer: text(iss) ?? "",
    clientId: text(azp) ?? text(appid) ?? text(client),
    tenantId: text(tid),
    scopes: listOf(scp ?? scope),
    roles: [...listOf(roles), ...listOf(ofRealm)],
    expiresOn: new Date(Number(exp) * 1000),
    claims,
    token,
  };
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** A list as one string, or as an array, as Okta writes it. */
function listOf(value: unknown): readonly string[] {
  if (typeof value === "string") return value.split(" ").filter((one) => one !== "");
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
