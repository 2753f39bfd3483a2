import type { AuthenticationResult, ConfidentialClientApplication, NodeAuthOptions } from "@tessera/node";
import { usageError } from "../errors.js";
import { textOf } from "../files.js";
import type { Given } from "../options.js";
import type { Identity, Profile } from "../profiles/profile.js";
import { profileFolder } from "../profiles/profiles.js";
import { configurationOf } from "../profiles/provider.js";
import { openStore } from "../profiles/store.js";
import type { Context } from "../context.js";
import type { WantedToken } from "./wanted-token.js";

/** An identity that proves itself, without a user. */
export interface MachineProfile extends Pick<Profile, "clientId" | "provider" | "ca" | "identity"> {
  /** Where its tokens are kept; in memory only without a name. */
  readonly stored?: Pick<Profile, "name" | "store">;
}

/** The options that name a machine's identity. */
const IDENTITY_OPTIONS = [
  "client-secret-env",
  "certificate",
  "federated-token-file",
  "managed-identity",
  "default",
] as const;

/** Returns the identity that the options of a command name, or `undefined` if they name none. */
export function identityIn(given: Given): Identity | undefined {
  const named = IDENTITY_OPTIONS.filter((name) => given.has(name));
  const [name, another] = named;
  if (another !== undefined) throw usageError(`--${String(name)} and --${another} exclude each other.`);
  switch (name) {
    case "client-secret-env":
      return { kind: "secret", variable: given.text(name) ?? "" };
    case "certificate":
      return { kind: "certificate", file: given.text(name) ?? "" };
    case "federated-token-file":
      return { kind: "federated", file: given.text(name) ?? "" };
    case "managed-identity":
      return { kind: "managed" };
    case "default":
      return { kind: "default" };
    case undefined:
      return undefined;
  }
}

/** Returns a token for a machine's identity: from the cache, renewed or requested. */
export async function machineToken(
  machine: MachineProfile,
  { scopes, resource, refusedToken, claims }: WantedToken,
  context: Pick<Context, "log" | "say" | "signal">,
): Promise<AuthenticationResult> {
  const { signal } = context;
  const { identity, clientId } = machine;
  const common = { signal, ...(refusedToken ? { refusedToken } : {}), ...(claims ? { claims } : {}) };
  if (identity.kind === "managed") {
    const { ManagedIdentityApplication } = await import("@tessera/node");
    const app = new ManagedIdentityApplication({
      ...(clientId ? { managedIdentityIdParams: { userAssignedClientId: clientId } } : {}),
      system: configurationOf(machine, context.log).system ?? {},
    });
    return app.acquireToken({ ...common, resource: resource ?? resourceOf(scopes) });
  }
  const wanted = scopesOf(scopes, resource);
  if (identity.kind === "default") {
    const { createDefaultCredential } = await import("@tessera/node");
    const { system = {} } = configurationOf(machine, context.log);
    const credential = createDefaultCredential({
      ...(clientId ? { managedIdentityClientId: clientId } : {}),
      system,
    });
    return credential.acquireToken({ ...common, scopes: wanted });
  }
  const app = await confidentialApp(machine, context);
  const isOwn = machine.provider.startsWith("authority:") || resource === undefined;
  return app.acquireTokenByClientCredential({
    ...common,
    scopes: isOwn ? wanted : [...scopes],
    ...(isOwn ? {} : { resource }),
  });
}

async function confidentialApp(
  machine: MachineProfile,
  { log, say }: Pick<Context, "log" | "say">,
): Promise<ConfidentialClientApplication> {
  const { ConfidentialClientApplication: Application } = await import("@tessera/node");
  const { auth, ...configuration } = configurationOf(machine, log);
  const { stored } = machine;
  const cache = stored ? { cachePlugin: await openStore(profileFolder(stored.name), stored.store, say) } : {};
  return new Application({
    ...configuration,
    auth: { ...auth, ...(await credentialOf(machine.identity)) },
    cache,
  });
}

async function credentialOf(identity: Identity): Promise<Partial<NodeAuthOptions>> {
  if (identity.kind === "secret") {
    const clientSecret = process.env[identity.variable];
    if (clientSecret) return { clientSecret };
    throw usageError(
      `The environment variable ${identity.variable} is not set: set it to the client's secret.`,
    );
  }
  if (identity.kind === "certificate") return { clientCertificate: certificateIn(identity.file) };
  const { federatedTokenFile } = await import("@tessera/node");
  return identity.kind === "federated" ? { clientAssertion: federatedTokenFile(identity.file) } : {};
}

/** One file has both the certificate and its key, as PEM or PKCS#12. */
function certificateIn(file: string): NodeAuthOptions["clientCertificate"] & object {
  if (/\.(pfx|p12)$/i.test(file)) return { pfx: file };
  const text = textOf(file, "--certificate");
  return { privateKey: text, x5c: text };
}

/** A machine asks for all that it has been granted. */
function scopesOf(scopes: readonly string[], resource: string | undefined): string[] {
  if (resource !== undefined) return [`${resource.replace(/\/$/, "")}/.default`];
  return [...scopes];
}

function resourceOf([scope, ...others]: readonly string[]): string {
  if (scope === undefined || others.length > 0)
    throw usageError("A managed identity's token is for one API: pass --resource with its URL.");
  return scope.replace(/\/\.default$/, "");
}
