import { SignJWT } from "jose";
import {
  ConfidentialClientApplication,
  PublicClientApplication,
  type AccountInfo,
  type Configuration,
} from "@tessera/node";
import { rsaKeyPair } from "./rsa-keys.mjs";
import { scriptedNetwork, type Script, type ScriptedNetwork } from "./scripted-network.js";

export const clientId = "the-client";
export const scopes = ["api"];
export const redirectUri = "http://localhost";
export const tenant = "11111111-2222-4333-8444-555555555555";
/** The victim's home account id at Entra, and what the other provider copies into `sub`. */
export const victimId = `aaaaaaaa-2222-4333-8444-555555555555.${tenant}`;

const { publicKey, privateKey } = rsaKeyPair("one");

/** A provider that an app trusts. */
export interface Provider {
  readonly authority: string;
  readonly kind: "entra" | "adfs" | "oidc";
  /** `sub`; of a user of Entra the home account id. */
  readonly user: string;
  /** Claims beside the usual ones. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Members of the token response beside the usual ones. */
  readonly response?: Readonly<Record<string, unknown>>;
}

/** One provider whose user is attacked, and one that attacks; an app trusts both. */
export interface Stage {
  readonly victim: Provider;
  readonly evil: Provider;
  readonly auth?: Partial<Configuration["auth"]>;
}

export const json64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** What Entra says of the victim. */
export const victimsClientInfo = json64({ uid: victimId.split(".")[0], utid: tenant });

/** The configuration of an application that trusts both; the victim's provider is its own. */
export function configuration({ victim, evil, auth }: Stage, network: ScriptedNetwork): Configuration {
  // Which hosts are Entra's, its instance discovery says.
  const others = [victim, evil].filter(({ kind }) => kind !== "entra");
  const hosts = others.map(({ authority }) => new URL(authority).host);
  const knownAuthorities = [...(auth?.knownAuthorities ?? []), ...hosts];
  const isOidc = [victim, evil].some(({ kind }) => kind === "oidc");
  return {
    auth: { clientId, authority: victim.authority, ...auth, knownAuthorities },
    system: { networkClient: network, ...(isOidc ? { protocolMode: "OIDC" as const } : {}) },
  };
}

/** A network on which both providers answer, and others as `more` says. */
export function networkOf({ victim, evil }: Stage, more: Script = {}): ScriptedNetwork {
  const script = { ...scriptOf("victim", victim), ...scriptOf("evil", evil) } as Script;
  return scriptedNetwork({ ...script, ...more });
}

export function confidentialApp(stage: Stage, network: ScriptedNetwork): ConfidentialClientApplication {
  const { auth, ...rest } = configuration(stage, network);
  return new ConfidentialClientApplication({ ...rest, auth: { ...auth, clientSecret: "secret" } });
}

export function publicApp(stage: Stage, network: ScriptedNetwork): PublicClientApplication {
  return new PublicClientApplication(configuration(stage, network));
}

/** Signs the user of a provider in. */
export async function signIn(
  app: ConfidentialClientApplication | PublicClientApplication,
  { authority }: Provider,
): Promise<AccountInfo> {
  const { account } = await app.acquireTokenByCode({ scopes, redirectUri, code: authority, authority });
  if (!account) throw new Error(`nobody signed in at ${authority}`);
  return account;
}

/** The line of a provider's token requests in the network's record. */
export function tokenRequestOf({ authority, kind }: Provider): string {
  return `POST ${authority}/${kind === "entra" ? "oauth2/v2.0/token" : "token"}`;
}

function scriptOf(whose: string, provider: Provider): Readonly<Record<string, unknown>> {
  const { authority, kind } = provider;
  const v2 = kind === "entra" ? "/v2.0" : "";
  const token = tokenRequestOf(provider).replace("POST ", "");
  return {
    [`GET ${authority}${v2}/.well-known/openid-configuration`]: {
      issuer: `${authority}${v2}`,
      authorization_endpoint: `${authority}/authorize`,
      token_endpoint: token,
      jwks_uri: `${authority}/keys`,
      end_session_endpoint: `${authority}/logout`,
      token_endpoint_auth_methods_supported: ["client_secret_post"],
    },
    [`GET ${authority}/keys`]: { keys: [publicKey.export({ format: "jwk" })] },
    [`POST ${token}`]: async ({ grant_type: grant }: Readonly<Record<string, string>>) => ({
      token_type: "Bearer",
      expires_in: 3600,
      scope: "api openid profile offline_access",
      access_token: `access-token-of-${whose}`,
      refresh_token: `refresh-token-of-${whose}`,
      ...(grant === "client_credentials"
        ? {}
        : { id_token: await idToken(whose, provider, `${authority}${v2}`) }),
      ...(kind === "entra" ? { client_info: victimsClientInfo } : {}),
      ...provider.response,
    }),
  };
}

function idToken(whose: string, { kind, user, claims }: Provider, issuer: string): Promise<string> {
  const ids = kind === "entra" ? { sub: "pairwise", oid: user.split(".")[0], tid: tenant } : { sub: user };
  return new SignJWT({ preferred_username: `${whose}@contoso.example`, ...ids, ...claims })
    .setProtectedHeader({ alg: "RS256" })
    .setIssuer(issuer)
    .setAudience(clientId)
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(privateKey);
}
