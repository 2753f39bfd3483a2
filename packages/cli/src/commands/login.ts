import type { AuthenticationResult } from "@tessera/node";
import { resolve as absolute } from "node:path";
import type { Context } from "../context.js";
import { usageError } from "../errors.js";
import type { Identity, Profile } from "../profiles/profile.js";
import { changeProfile, DEFAULT_PROFILE, profileName, readProfile } from "../profiles/profiles.js";
import { providerText, providerUrl } from "../profiles/provider.js";
import { rememberAccount } from "../profiles/remember-account.js";
import { storeName } from "../profiles/store.js";
import { signIn } from "../sign-in/sign-in.js";
import { controllingTerminal, standardError } from "../terminal/terminal.js";
import { identityIn, machineToken } from "../tokens/machine-token.js";
import { openSession } from "../tokens/session.js";
import { wantedToken } from "../tokens/wanted-token.js";

/** `tessera login`: signs a user in, and remembers it under a profile. */
export async function login(context: Context): Promise<void> {
  const { given, say } = context;
  const name = profileName(given.text("profile")) ?? DEFAULT_PROFILE;
  const before = readProfile(name);
  const profile = describedProfile(name, before, context);
  if (profile.identity.kind !== "user") {
    await machineToken(profile, wantedOf(profile), context);
    await changeProfile(name, () => profile);
    say(`The profile "${name}" is ready: ${whoIs(profile.identity)} at ${providerUrl(profile.provider)}.`);
    return;
  }
  const result = await signInUser(profile, context);
  // A profile is remembered when its user has signed in, with what it was bound to before.
  await changeProfile(name, (current) => ({ ...profile, bindings: current?.bindings ?? [] }));
  await rememberAccount(name, result);
  say(
    `${result.account?.username || "The user"} is signed in to the profile "${name}", at ${providerUrl(profile.provider)}.`,
  );
}

async function signInUser(profile: Profile, context: Context): Promise<AuthenticationResult> {
  const { given, signal, isPlain } = context;
  if (given.has("device-code") && given.has("browser"))
    throw usageError("--device-code and --browser exclude each other.");
  // The caller of this command wants to sign in: without a terminal, standard error may still reach a person.
  const terminal = await controllingTerminal(isPlain);
  const session = await openSession(profile, context);
  try {
    const { account: hint } = wantedToken(given);
    const accounts = await session.app.getAllAccounts();
    const account = accounts.find(({ username }) => username.toLowerCase() === hint?.toLowerCase());
    return await signIn(session, {
      wanted: wantedOf(profile),
      account,
      way: given.has("device-code") ? "device-code" : given.has("browser") ? "browser" : "any",
      screen: terminal ?? standardError(isPlain),
      signal,
    });
  } finally {
    terminal?.stream.destroy();
    void session.app.close();
  }
}

/** Returns the profile as the options say it, and otherwise as it was. */
function describedProfile(name: string, before: Profile | undefined, { given }: Context): Profile {
  const provider =
    providerText({
      authority: given.text("authority"),
      issuer: given.text("issuer"),
      preset: given.text("preset"),
    }) ?? before?.provider;
  const identity: Identity = identityIn(given) ?? before?.identity ?? { kind: "user" };
  const isAlone = identity.kind === "managed" || identity.kind === "default";
  const clientId = given.text("client-id") ?? before?.clientId;
  if (provider === undefined && !isAlone)
    throw usageError("The provider is missing: pass --authority, --issuer or --preset.");
  if (clientId === undefined && !isAlone)
    throw usageError("The client is missing: pass --client-id with the client ID of a registration.");
  const { scopes } = wantedToken(given);
  const ca = given.text("ca") ?? before?.ca;
  const redirectUri = given.text("redirect-uri") ?? before?.redirectUri;
  return {
    name,
    clientId: clientId ?? "",
    provider: provider ?? "authority:https://login.microsoftonline.com/common",
    scopes: scopes.length > 0 ? scopes : (before?.scopes ?? []),
    store: storeName(given.text("store")) ?? before?.store ?? "keychain",
    identity,
    ...(ca === undefined ? {} : { ca: absolute(ca) }),
    ...(redirectUri === undefined ? {} : { redirectUri }),
    bindings: before?.bindings ?? [],
  };
}

const wantedOf = ({ scopes }: Profile): { readonly scopes: readonly string[] } => ({ scopes });

function whoIs(identity: Identity): string {
  switch (identity.kind) {
    case "secret":
      return `an application with the secret in ${identity.variable}`;
    case "certificate":
      return `an application with the certificate in ${identity.file}`;
    case "federated":
      return `a workload with the token in ${identity.file}`;
    case "managed":
      return "the managed identity of this machine";
    case "default":
      return "the identity of this machine";
    case "user":
      return "a user";
  }
}
