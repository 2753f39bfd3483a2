import { recordedNetwork, type RecordedNetwork } from "./recorded-network.js";

/** The public cloud with one user, who is at home in one tenant and a guest in others. */
export const tenants = {
  home: "11111111-1111-4111-8111-111111111111",
  guest: "22222222-2222-4222-8222-222222222222",
  other: "33333333-3333-4333-8333-333333333333",
  personal: "9188040d-6c67-4c5b-b112-36a304b66dad",
} as const;

export const clientId = "the-client";

/** Which tenant the names in a path stand for: those for many stand for the user's own. */
const names: Readonly<Record<string, string>> = {
  common: tenants.home,
  organizations: tenants.home,
  consumers: tenants.personal,
  "other.example": tenants.other,
};

export interface TenantsOptions {
  /** Answers without ID tokens, as to refreshes. */
  readonly refreshesWithoutIdToken?: boolean;
  /** Refuses refresh tokens: the user has to sign in. */
  readonly refusesRefresh?: boolean;
  readonly now?: () => number;
}

/** Answers each token request as the tenant in its path does: the access token is the tenant's id and a number. */
export function tenantsNetwork({
  refreshesWithoutIdToken = false,
  refusesRefresh = false,
  now = Date.now,
}: TenantsOptions = {}): RecordedNetwork {
  let count = 0;
  return recordedNetwork(({ line, form }) => {
    const [, named = ""] =
      /^POST https:\/\/login\.microsoftonline\.com\/([^/]+)\/oauth2\/v2\.0\/token$/.exec(line) ?? [];
    if (named === "") return undefined;
    if (refusesRefresh && form.get("grant_type") === "refresh_token")
      return { status: 400, body: { error: "interaction_required", error_description: "AADSTS50076" } };
    const tid = names[named] ?? named;
    const iat = Math.floor(now() / 1000);
    const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const claims = {
      iss: `https://login.microsoftonline.com/${tid}/v2.0`,
      ...{ aud: clientId, tid, oid: `ada in ${tid}`, sub: "ada", preferred_username: "ada@home.example" },
      ...{ iat, exp: iat + 3600 },
    };
    const isSilent = refreshesWithoutIdToken && form.get("grant_type") === "refresh_token";
    return {
      body: {
        token_type: "Bearer",
        scope: form.get("scope"),
        expires_in: 3600,
        access_token: `${tid} ${(count += 1)}`,
        refresh_token: `refresh token ${count}`,
        client_info: encode({ uid: "ada", utid: tenants.home }),
        ...(isSilent ? {} : { id_token: `${encode({ alg: "none" })}.${encode(claims)}.` }),
      },
    };
  });
}
