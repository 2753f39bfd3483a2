import type { AuthError } from "@azure/msal-node";
import type { AccountInfo, ConfidentialClientApplication } from "@tessera/node";
import {
  confidentialApp,
  networkOf,
  scopes,
  signIn,
  tenant,
  victimId,
  victimsClientInfo,
  type Provider,
  type Stage,
} from "./two-providers.js";
import type { ScriptedNetwork } from "./scripted-network.js";

export const entra: Provider = {
  kind: "entra",
  authority: `https://login.microsoftonline.com/${tenant}`,
  user: victimId,
};
const host = "https://idp.example";
export const copied = {
  user: victimId,
  response: { client_info: victimsClientInfo, spa_accountid: "victim's device" },
};
const claims = { tid: tenant, oid: victimId.split(".")[0], acr: tenant };

/** Every way in which a second provider can stand beside the first. In each both users have one home account id. */
export const stages: readonly (readonly [string, Stage])[] = [
  [
    "Entra, and an OpenID Provider",
    { victim: entra, evil: { kind: "oidc", authority: "https://op.example", ...copied, claims } },
  ],
  [
    "Entra, and an AD FS",
    { victim: entra, evil: { kind: "adfs", authority: "https://fs.example/adfs", ...copied, claims } },
  ],
  [
    "Entra's protocol and an AD FS on one host",
    {
      victim: { ...entra, authority: `https://login.contoso.example/${tenant}` },
      evil: { kind: "adfs", authority: "https://login.contoso.example/adfs", ...copied, claims },
      auth: { knownAuthorities: ["login.contoso.example"] },
    },
  ],
  [
    "an OpenID Provider with the path of an AD FS, and another one",
    {
      victim: { kind: "oidc", authority: "https://fs.example/adfs", user: victimId },
      evil: { kind: "oidc", authority: "https://op.example", ...copied, claims },
    },
  ],
  [
    "two issuers on one host",
    {
      victim: { kind: "oidc", authority: `${host}/realms/a`, user: victimId },
      evil: { kind: "oidc", authority: `${host}/realms/b`, ...copied, claims: { tid: "realms/a" } },
    },
  ],
  [
    "two issuers on one host, the second with its own path for a tenant",
    {
      victim: { kind: "oidc", authority: `${host}/realms/a`, user: victimId },
      evil: { kind: "oidc", authority: `${host}/realms/b`, ...copied, claims: { tid: "realms/b" } },
    },
  ],
  [
    "an issuer without a path, and one with a path",
    {
      victim: { kind: "oidc", authority: host, user: victimId },
      evil: { kind: "oidc", authority: `${host}/realms/b`, ...copied },
    },
  ],
  [
    "an issuer with a path, and one without",
    {
      victim: { kind: "oidc", authority: `${host}/realms/a`, user: victimId },
      evil: { kind: "oidc", authority: host, ...copied, claims: { tid: "realms/a" } },
    },
  ],
];

/** What an app may have left of an account. */
export const forms: readonly (readonly [string, (account: AccountInfo) => AccountInfo])[] = [
  ["as it was returned", (account) => account],
  ["as plain JSON", (account) => JSON.parse(JSON.stringify(account)) as AccountInfo],
  ["without its claims", ({ idTokenClaims: _, ...account }) => account],
  [
    "with nothing but what MSAL needs",
    ({ homeAccountId, environment, tenantId, username, localAccountId }) => ({
      homeAccountId,
      environment,
      tenantId,
      username,
      localAccountId,
    }),
  ],
];

/** What came of a call: the text it returned, or `{class} {code}`. */
export async function outcome(call: Promise<string>): Promise<string> {
  return call.catch(({ name, errorCode }: AuthError) => `${name} ${errorCode}`);
}

export const refused = "InteractionRequiredAuthError no_tokens_found";

/** The orders in which the two users can have signed in. */
export const orders = [
  ["the victim signed in first", "victim first"],
  ["the victim signed in last", "victim last"],
] as const;
export type Order = (typeof orders)[number][1];

type Silent = Omit<Parameters<ConfidentialClientApplication["acquireTokenSilent"]>[0], "scopes">;

/** An application of which both users are, under one home account id. */
export interface SignedInBoth {
  readonly network: ScriptedNetwork;
  readonly app: ConfidentialClientApplication;
  readonly victims: AccountInfo;
  readonly evils: AccountInfo;
}

export async function signInBoth(stage: Stage, order: Order): Promise<SignedInBoth> {
  const { victim, evil } = stage;
  const network = networkOf(stage);
  const app = confidentialApp(stage, network);
  const isFirst = order === "victim first";
  const first = await signIn(app, isFirst ? victim : evil);
  const second = await signIn(app, isFirst ? evil : victim);
  const [victims, evils] = isFirst ? [first, second] : [second, first];
  if (evils.homeAccountId !== victims.homeAccountId) throw new Error("the two are told apart by their ids");
  return { network, app, victims, evils };
}

/** The access token of a silent call. */
export async function silently(app: ConfidentialClientApplication, request: Silent): Promise<string> {
  return (await app.acquireTokenSilent({ scopes, ...request })).accessToken;
}
