import type { Configuration } from "@azure/msal-node";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import type { Script } from "../support/scripted-network.js";

/** An identity provider of a kind that the local authority is not, on a scripted network. */
export interface Provider {
  readonly name: string;
  readonly configuration: Configuration;
  readonly scopes: string[];
  readonly script: Script;
  /** What every library lists of the user who signs in. */
  readonly account: Readonly<Record<string, unknown>>;
}

interface Sketch {
  readonly name: string;
  /** Authority URL, and where it says that its token endpoint is. */
  readonly authority: string;
  readonly tokenEndpoint?: string;
  readonly issuer: string;
  readonly secret?: boolean;
  readonly oidc?: boolean;
  /** `true`: the libraries know the endpoints of this host by themselves. */
  readonly wellKnown?: boolean;
  readonly scopes?: string[];
  readonly claims: Readonly<Record<string, unknown>>;
  readonly clientInfo?: { readonly uid: string; readonly utid: string };
  readonly foci?: string;
  readonly account: Provider["account"];
}

export const clientId = "30000000-0000-4000-8000-00000000ca11";
export const home = "20000000-0000-4000-8000-00000000c0de";
export const guestTenant = "20000000-0000-4000-8000-0000000099e5";
export const uid = "10000000-0000-4000-8000-00000000a11c";
const guestId = "10000000-0000-4000-8000-0000000099e5";
const { privateKey, publicKey } = await generateKeyPair("RS256");
const keys = { keys: [{ ...(await exportJWK(publicKey)), alg: "RS256", use: "sig", kid: "k1" }] };

/** One provider, and how its users look in the cache: cache-schema.md §5. */
function provider(sketch: Sketch): Provider {
  const { authority, issuer, oidc = false, scopes = ["https://api.example/Read"] } = sketch;
  const base = authority.replace(/\/$/, "");
  const tokenEndpoint = sketch.tokenEndpoint ?? `${base}/oauth2/v2.0/token`;
  const discovery = {
    issuer,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: tokenEndpoint,
    end_session_endpoint: `${base}/logout`,
    jwks_uri: `${base}/keys`,
    id_token_signing_alg_values_supported: ["RS256"],
  };
  const v2 = oidc || base.endsWith("/adfs") ? "" : "/v2.0";
  let answers = 0;
  return {
    name: sketch.name,
    configuration: {
      auth: {
        clientId,
        authority,
        ...(sketch.wellKnown ? {} : { knownAuthorities: [new URL(authority).host] }),
        ...(sketch.secret ? { clientSecret: "client-secret" } : {}),
      },
      system: oidc ? { protocolMode: "OIDC" } : {},
    },
    scopes,
    account: sketch.account,
    script: {
      ...(sketch.wellKnown ? {} : { [`GET ${base}${v2}/.well-known/openid-configuration`]: discovery }),
      ...(oidc ? { [`GET ${base}/keys`]: keys } : {}),
      [`POST ${tokenEndpoint}`]: async ({ grant_type: grant = "", scope = "", client_id: audience = "" }) => {
        answers += 1;
        const mark = `${sketch.name} ${answers}`;
        const granted = scope.split(" ").filter((name) => name !== "offline_access");
        const response = { token_type: "Bearer", expires_in: 3600, access_token: `access token of ${mark}` };
        if (grant === "client_credentials") return response;
        return {
          ...response,
          scope: granted.join(" "),
          refresh_token: `refresh token of ${mark}`,
          id_token: await idToken(issuer, audience, sketch.claims),
          ...(sketch.foci ? { foci: sketch.foci } : {}),
          ...(sketch.clientInfo ? { client_info: base64url(sketch.clientInfo) } : {}),
        };
      },
    },
  };
}

function idToken(issuer: string, audience: string, claims: Sketch["claims"]): Promise<string> {
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: "RS256", kid: "k1", typ: "JWT" })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(privateKey);
}

function base64url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

const entraUser = {
  oid: uid,
  preferred_username: "user@example.test",
  name: "Example User",
  sub: "pairwise-subject",
};
const entraAccount = {
  homeAccountId: `${uid}.${home}`,
  environment: "login.windows.net",
  username: "user@example.test",
  name: "Example User",
  authorityType: "MSSTS",
};
const entra = (tenant: string) => `https://login.microsoftonline.com/${tenant}`;

const wellKnownEntra = {
  wellKnown: true,
  claims: { ...entraUser, tid: home },
  clientInfo: { uid, utid: home },
  issuer: `${entra(home)}/v2.0`,
  account: { ...entraAccount, tenantId: home, localAccountId: uid },
};

export const entraTenant = provider({ ...wellKnownEntra, name: "Entra, one tenant", authority: entra(home) });
export const webApi = provider({
  ...wellKnownEntra,
  name: "a web API at Entra",
  authority: entra(home),
  secret: true,
});
export const entraGuest = provider({
  ...wellKnownEntra,
  name: "Entra, guest in another tenant",
  authority: entra(guestTenant),
  issuer: `${entra(guestTenant)}/v2.0`,
  claims: { ...entraUser, oid: guestId, tid: guestTenant },
  account: { ...entraAccount, tenantId: guestTenant, localAccountId: guestId },
});
export const organizations = provider({
  ...wellKnownEntra,
  name: "Entra, organizations",
  authority: entra("organizations"),
  foci: "1",
});
export const familyApp = provider({
  ...wellKnownEntra,
  name: "an app of the family",
  authority: entra(home),
  foci: "1",
});

const oidcUser = {
  sub: "auth0|5f7C8eC7",
  preferred_username: "buyer",
  name: "A Buyer",
  email: "buyer@example.test",
};
const oidcAccount = {
  homeAccountId: "auth0|5f7C8eC7",
  username: "buyer",
  localAccountId: "auth0|5f7C8eC7",
  authorityType: "Generic",
  name: "A Buyer",
};

export const deepOidc = provider({
  name: "OpenID Provider whose issuer has several path segments",
  authority: "https://keys.example/realms/shop",
  tokenEndpoint: "https://keys.example/realms/shop/token",
  issuer: "https://keys.example/realms/shop",
  oidc: true,
  claims: oidcUser,
  account: { ...oidcAccount, environment: "keys.example" },
});

export const providers: readonly Provider[] = [
  entraTenant,
  familyApp,
  provider({ ...wellKnownEntra, name: "Entra, common", authority: entra("common") }),
  entraGuest,
  provider({
    name: "B2C",
    authority: "https://shop.b2clogin.com/shop.onmicrosoft.com/b2c_1_signin",
    issuer: `https://shop.b2clogin.com/${home}/v2.0/`,
    claims: { sub: uid, oid: uid, emails: ["buyer@example.test"], name: "A Buyer", tfp: "B2C_1_signin" },
    clientInfo: { uid: `${uid}-b2c_1_signin`, utid: home },
    account: {
      homeAccountId: `${uid}-b2c_1_signin.${home}`,
      environment: "shop.b2clogin.com",
      tenantId: "B2C_1_signin",
      localAccountId: uid,
      authorityType: "MSSTS",
      name: "A Buyer",
    },
  }),
  provider({
    name: "AD FS",
    authority: "https://fs.example.test/adfs",
    tokenEndpoint: "https://fs.example.test/adfs/oauth2/token",
    issuer: "https://fs.example.test/adfs",
    scopes: ["https://api.example/.default"],
    claims: { sub: "aBcD+eF/12=", upn: "user@fs.example.test", unique_name: "FS\\user" },
    account: {
      homeAccountId: "aBcD+eF/12=",
      environment: "fs.example.test",
      username: "user@fs.example.test",
      localAccountId: "aBcD+eF/12=",
      authorityType: "ADFS",
    },
  }),
  provider({
    name: "OpenID Provider without a path",
    authority: "https://shop.auth.example/",
    tokenEndpoint: "https://shop.auth.example/oauth/token",
    issuer: "https://shop.auth.example/",
    oidc: true,
    scopes: ["read:orders"],
    claims: oidcUser,
    account: { ...oidcAccount, environment: "shop.auth.example" },
  }),
];
