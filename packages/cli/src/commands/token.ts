import type { AuthenticationResult } from "@tessera/node";
import type { Context } from "../context.js";
import { usageError } from "../errors.js";
import { selectedProfile } from "../profiles/profiles.js";
import { providerText } from "../profiles/provider.js";
import type { Profile } from "../profiles/profile.js";
import { identityIn, machineToken, type MachineProfile } from "../tokens/machine-token.js";
import { openSession } from "../tokens/session.js";
import type { WantedToken } from "../tokens/silent-token.js";
import { userToken } from "../tokens/user-token.js";

/** `tessera token`: prints a token. */
export async function token(context: Context): Promise<void> {
  const { given } = context;
  const identity = identityIn(given);
  const isNamed =
    given.has("client-id") || given.has("authority") || given.has("issuer") || given.has("preset");
  const result =
    identity || isNamed
      ? await tokenOfMachine(context, identity)
      : await tokenOfProfile(selectedProfile(given.text("profile")), wantedToken(given), context);
  print(result, context);
}

/** Returns a token of a profile: its user's, or its machine's. */
export async function tokenOfProfile(
  profile: Profile,
  wanted: WantedToken,
  context: Context,
): Promise<AuthenticationResult> {
  const isNamed = wanted.scopes.length > 0 || wanted.resource !== undefined;
  const complete = isNamed ? wanted : { ...wanted, scopes: profile.scopes };
  if (profile.identity.kind !== "user")
    return machineToken({ ...profile, stored: profile }, complete, context);
  const session = await openSession(profile, context);
  try {
    return await userToken(session, forProvider(profile.provider, complete), context);
  } finally {
    // Connections that are kept for later would keep the process running.
    void session.app.close();
  }
}

/** Microsoft's servers take an API's URL as part of a scope, the others as RFC 8707 has it. */
function forProvider(provider: string, wanted: WantedToken): WantedToken {
  const { resource, ...rest } = wanted;
  if (resource === undefined || !provider.startsWith("authority:")) return wanted;
  return { ...rest, scopes: [...rest.scopes, `${resource.replace(/\/$/, "")}/.default`] };
}

/** Returns what the options of a command say about the token. */
export function wantedToken(given: Context["given"]): WantedToken {
  const resource = given.text("resource");
  const account = given.text("account");
  return {
    scopes: given.texts("scope").flatMap((scopes) => scopes.split(/ +/).filter(Boolean)),
    ...(resource === undefined ? {} : { resource }),
    ...(account === undefined ? {} : { account }),
  };
}

async function tokenOfMachine(
  context: Context,
  identity: MachineProfile["identity"] | undefined,
): Promise<AuthenticationResult> {
  const { given } = context;
  if (!identity)
    throw usageError(
      "--client-id, --authority, --issuer and --preset belong to tessera login, or to a machine's identity: add --client-secret-env, --certificate or --federated-token-file.",
    );
  const provider = providerText({
    authority: given.text("authority"),
    issuer: given.text("issuer"),
    preset: given.text("preset"),
  });
  const clientId = given.text("client-id");
  const isAlone = identity.kind === "managed" || identity.kind === "default";
  const ca = given.text("ca");
  if (isAlone || (provider !== undefined && clientId !== undefined)) {
    const machine = {
      identity,
      clientId: clientId ?? "",
      provider: provider ?? "authority:",
      ...(ca ? { ca } : {}),
    };
    return machineToken(machine, required(wantedToken(given)), context);
  }
  // The profile knows the provider and the client; the options say how the client proves itself.
  const profile = selectedProfile(given.text("profile"));
  const wanted = wantedToken(given);
  const machine = {
    ...profile,
    identity,
    ...(clientId === undefined ? {} : { clientId }),
    ...(provider === undefined ? {} : { provider }),
    ...(ca === undefined ? {} : { ca }),
  };
  return machineToken(machine, wanted, context);
}

function required(wanted: WantedToken): WantedToken {
  if (wanted.scopes.length > 0 || wanted.resource !== undefined) return wanted;
  throw usageError("The token is for an API: name it with --scope or --resource.");
}

function print(result: AuthenticationResult, { given, say }: Context): void {
  const { expiresOn } = result;
  if (process.stdout.isTTY) {
    const until = expiresOn ? ` until ${expiresOn.toLocaleTimeString()}` : "";
    say(`What follows is an access token. Anybody who sees it can use it${until}.`);
  }
  process.stdout.write(`${formatted(result, given.text("output") ?? "raw")}\n`);
}

function formatted(result: AuthenticationResult, output: string): string {
  const { accessToken, tokenType, expiresOn, scopes, account, tenantId } = result;
  switch (output) {
    case "json":
      return JSON.stringify(
        {
          accessToken,
          tokenType,
          expiresOn,
          scopes,
          ...(account ? { username: account.username, homeAccountId: account.homeAccountId } : {}),
          ...(tenantId ? { tenantId } : {}),
        },
        null,
        2,
      );
    case "header":
      return `Authorization: ${tokenType} ${accessToken}`;
    case "env":
      return [
        `export TESSERA_ACCESS_TOKEN=${quoted(accessToken)}`,
        `export TESSERA_EXPIRES_ON=${quoted(expiresOn?.toISOString() ?? "")}`,
      ].join("\n");
    default:
      return accessToken;
  }
}

/** A text as a shell takes it literally. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
