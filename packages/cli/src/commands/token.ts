import type { AuthenticationResult } from "@tessera/node";
import type { Context } from "../context.js";
import { usageError } from "../errors.js";
import { selectedProfile } from "../profiles/profiles.js";
import { providerText } from "../profiles/provider.js";
import { quoted } from "../shell.js";
import { identityIn, machineToken, type MachineProfile } from "../tokens/machine-token.js";
import { tokenOfProfile } from "../tokens/token-of-profile.js";
import { namesApi, wantedToken, type WantedToken } from "../tokens/wanted-token.js";

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
  if (namesApi(wanted)) return wanted;
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
