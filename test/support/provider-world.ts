import { generateKeyPairSync, sign } from "node:crypto";
import type { INetworkModule, NetworkRequestOptions } from "@tessera/node";
import type { TestClock } from "./test-clock.js";

/** An identity provider of the world. Its name is part of everything that it issues. */
export interface Provider {
  readonly name: string;
  readonly kind: "entra" | "adfs" | "oidc";
  /** What an app names it by. */
  readonly authority: string;
  readonly issuer: string;
  /** Where its endpoints are. */
  readonly base: string;
  /** Its tenant id, if it has one. */
  readonly tid?: string;
}

/** A user, by the provider that vouches for them. */
export interface User {
  readonly provider: string;
  readonly name: string;
}

/** What a hostile provider says of a user of its own: that it is somebody else's user. */
export interface Lie {
  readonly victim: User;
  /** The subject is the victim's, or the victim's home account id. */
  readonly sub: "own" | "copied" | "home";
  readonly oid: boolean;
  readonly tid: boolean;
  readonly username: boolean;
  readonly clientInfo: boolean;
}

export const USERS = ["ada", "bob", "cyd"] as const;

/** The providers that an app of a protocol mode can have beside each other; the first is its default. */
export const PROVIDERS: Readonly<Record<"AAD" | "OIDC", readonly Provider[]>> = {
  AAD: [
    entra("cloud", "https://login.microsoftonline.com", "11111111-2222-4333-8444-555555555555"),
    {
      name: "farm",
      kind: "adfs",
      authority: "https://fs.farm.example/adfs",
      issuer: "https://fs.farm.example/adfs",
      base: "https://fs.farm.example/adfs/oauth2",
    },
    entra("shop", "https://login.shop.example", "99999999-8888-4777-8666-555555555555"),
  ],
  OIDC: [
    oidc("here", "https://host.example/realms/here"),
    oidc("near", "https://host.example/realms/near"),
    oidc("far", "https://far.example"),
  ],
};

function entra(name: string, host: string, tid: string): Provider {
  const authority = `${host}/${tid}`;
  return {
    name,
    kind: "entra",
    authority,
    issuer: `${authority}/v2.0`,
    base: `${authority}/oauth2/v2.0`,
    tid,
  };
}

function oidc(name: string, issuer: string): Provider {
  return { name, kind: "oidc", authority: issuer, issuer, base: issuer };
}

/** Everything that is issued says whose it is: `kind~provider.user~more`. */
export const issued = (kind: string, { provider, name }: User, more = ""): string =>
  [kind, `${provider}.${name}`, more].join("~");

/** The user, and the rest, that something issued names. */
export function readIssued(text: string): { readonly owner: string; readonly more: string } {
  const [, owner = "nobody", more = ""] = text.split("~");
  return { owner, more };
}

/** The world: every provider in one network, and what each was sent that belongs to another. */
export interface World {
  readonly network: INetworkModule;
  /** What reached a provider although another has issued it. */
  readonly leaks: readonly string[];
  /** What the hostile providers say from now on. */
  lie(lie: Lie | undefined): void;
}

const CLIENT_ID = "the-client";
const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

export function startWorld(
  providers: readonly Provider[],
  hostile: ReadonlySet<string>,
  clock: TestClock,
): World {
  const leaks: string[] = [];
  let lie: Lie | undefined;
  let count = 0;

  const identityOf = (user: User) => {
    const provider = providers.find(({ name }) => name === user.provider);
    const oid = `oid-${user.provider}-${user.name}`;
    const tid = provider?.tid ?? "";
    const sub = `sub-${user.provider}-${user.name}`;
    return {
      sub,
      oid,
      tid,
      username: `${user.name}@${user.provider}.example`,
      home: tid ? `${oid}.${tid}` : sub,
    };
  };

  const tokensFor = (provider: Provider, user: User, form: URLSearchParams): object => {
    const own = identityOf(user);
    const told = hostile.has(provider.name) ? lie : undefined;
    const other = told ? identityOf(told.victim) : own;
    const tid = told?.tid ? other.tid : own.tid;
    const now = Math.floor(clock.now() / 1000);
    const claims = {
      iss: provider.issuer,
      aud: CLIENT_ID,
      iat: now,
      exp: now + 3600,
      sub: told?.sub === "copied" ? other.sub : told?.sub === "home" ? other.home : own.sub,
      oid: told?.oid ? other.oid : own.oid,
      ...(tid ? { tid } : {}),
      preferred_username: told?.username ? other.username : own.username,
      // For the test, whatever else is claimed.
      owner: `${user.provider}.${user.name}`,
    };
    const info = told?.clientInfo ? other : provider.kind === "entra" ? own : undefined;
    const scopes = (form.get("scope") ?? "")
      .split(" ")
      .filter((scope) => !/^(openid|profile|offline_access)$/.test(scope));
    const more = [scopes.join("+"), form.get("audience") ?? form.get("resource") ?? "", String(++count)].join(
      "!",
    );
    const input = `${encode({ alg: "ES256", kid: "one" })}.${encode(claims)}`;
    const signature = sign("sha256", Buffer.from(input), { key: keys.privateKey, dsaEncoding: "ieee-p1363" });
    const isApp = user.name === "app";
    return {
      token_type: "Bearer",
      expires_in: 3600,
      scope: form.get("scope") ?? "",
      access_token: issued("at", user, more),
      ...(isApp ? {} : { refresh_token: issued("rt", user, String(count)) }),
      ...(isApp ? {} : { id_token: `${input}.${signature.toString("base64url")}` }),
      ...(info && !isApp ? { client_info: encode({ uid: info.oid, utid: info.tid || "utid" }) } : {}),
    };
  };

  /** The user that a token request is for, by what it redeems. */
  const userOf = (provider: Provider, form: URLSearchParams): User | undefined => {
    if (form.get("grant_type") === "client_credentials") return { provider: provider.name, name: "app" };
    const names = ["code", "refresh_token", "password", "assertion"];
    const grant = names.map((name) => form.get(name)).find(Boolean) ?? "";
    const [of = "", name = ""] = readIssued(grant).owner.split(".");
    return of === provider.name ? { provider: of, name } : undefined;
  };

  const providerAt = (url: string): Provider | undefined =>
    providers.find(({ authority, base }) => url.startsWith(`${authority}/`) || url.startsWith(`${base}/`));

  const note = (url: string, options: NetworkRequestOptions = {}): void => {
    const provider = providerAt(url)?.name ?? "nobody";
    const sent = `${url} ${decodeURIComponent(options.body ?? "")} ${JSON.stringify(options.headers ?? {})}`;
    for (const [whole, of] of sent.matchAll(/\w+~(\w+)\.\w+/g))
      if (of !== provider) leaks.push(`${provider} was sent ${whole}`);
  };

  const answer = (body: object | string, status = 200) => ({ status, headers: {}, body }) as never;
  const network: INetworkModule = {
    sendGetRequestAsync: async (url, options) => {
      note(url, options);
      if (/userrealm/i.test(url)) return answer({ account_type: "Managed" });
      const provider = providerAt(url);
      if (!provider) return answer({ error: "invalid_instance" }, 400);
      if (url.endsWith("/keys"))
        return answer({ keys: [{ ...keys.publicKey.export({ format: "jwk" }), kid: "one" }] });
      return answer({
        issuer: provider.issuer,
        authorization_endpoint: `${provider.base}/authorize`,
        token_endpoint: `${provider.base}/token`,
        jwks_uri: `${provider.base}/keys`,
        id_token_signing_alg_values_supported: ["ES256"],
        token_endpoint_auth_methods_supported: ["client_secret_post", "none"],
      });
    },
    sendPostRequestAsync: async (url, options) => {
      note(url, options);
      const provider = providerAt(url);
      const form = new URLSearchParams(options?.body);
      const user = provider && userOf(provider, form);
      // Answers come in an order of their own.
      for (let turns = count % 3; turns > 0; turns -= 1) await new Promise(setImmediate);
      if (!provider || !user)
        return answer({ error: "invalid_grant", error_description: "not issued here" }, 400);
      return answer(tokensFor(provider, user, form));
    },
  };
  return {
    network,
    leaks,
    lie: (told) => {
      lie = told;
    },
  };
}
