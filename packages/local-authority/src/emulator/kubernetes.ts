import { randomUUID } from "node:crypto";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LocalAuthorityConfigurationError } from "../config/checks.js";
import { exchangeResource } from "../config/defaults.js";
import { publicJwk, signJwt } from "../crypto/jwt.js";
import type { AuthorityState } from "../state.js";
import type { EmulateOptions } from "./emulated-host.js";

/** A pod with a service account token, which the authority accepts as the credential of an app or identity. */
export interface Pod {
  readonly environment: Readonly<Record<string, string>>;
  /** Replaces the token when most of its lifetime has passed, as the kubelet does. */
  readonly renew: () => Promise<void>;
  readonly close: () => void;
}

/** In seconds; the kubelet renews a token when 80 % of its lifetime have passed. */
const lifetime = 3600;

/**
 * A pod of a cluster with workload identity.
 * https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html
 *
 * @param directory where the token is written
 * @throws {LocalAuthorityConfigurationError} if there is no identity for the pod
 */
export async function startPod(
  state: AuthorityState,
  options: EmulateOptions,
  directory: string,
): Promise<Pod> {
  const { clientId, tenantId } = workload(state, options);
  const file = join(directory, "azure-identity-token");
  const issuer = `https://cluster.example/${new URL(state.url).port}/${randomUUID()}`;
  const subject = "system:serviceaccount:default:workload";
  const remove = state.directory.addFederatedCredential(clientId, {
    issuer,
    subject,
    audience: exchangeResource,
    jwks: { keys: [{ ...(await publicJwk()) }] },
  });
  let issuedAt = 0;
  const write = async () => {
    const now = state.clock.seconds();
    const token = await signJwt({
      aud: [exchangeResource],
      exp: now + lifetime,
      iat: now,
      iss: issuer,
      jti: randomUUID(),
      "kubernetes.io": { namespace: "default", serviceaccount: { name: "workload" } },
      nbf: now,
      sub: subject,
    });
    // Replaced at once: a reader never sees a part of it.
    await writeFile(`${file}.new`, token, { mode: 0o600 });
    await rename(`${file}.new`, file);
    issuedAt = now;
  };
  await write();
  return {
    environment: {
      AZURE_AUTHORITY_HOST: `${state.url}/`,
      AZURE_CLIENT_ID: clientId,
      AZURE_FEDERATED_TOKEN_FILE: file,
      AZURE_TENANT_ID: tenantId,
    },
    renew: async () => {
      if (Math.abs(state.clock.seconds() - issuedAt) >= 0.8 * lifetime) await write();
    },
    close: remove,
  };
}

/** The identity or app of the pod. */
function workload({ config, directory }: AuthorityState, { clientId }: EmulateOptions) {
  if (clientId === undefined) {
    const identity = config.managedIdentities.find(({ systemAssigned }) => !systemAssigned);
    if (identity !== undefined) return identity;
  }
  const app = clientId === undefined ? undefined : directory.appById(clientId);
  const tenant = app && directory.homeOf(app);
  if (app === undefined || tenant === undefined) {
    throw new LocalAuthorityConfigurationError(
      "clientId",
      clientId,
      "use the client ID of a user-assigned managed identity or of an app",
    );
  }
  return { clientId: app.clientId, tenantId: tenant.id };
}
