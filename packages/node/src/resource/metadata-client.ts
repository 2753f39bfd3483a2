import { createClient, Logger, type Client } from "@tessera/core";
import { newCorrelationId, version, type Budget } from "@tessera/core/internal";
import { checkConfiguration, DEFAULT_AUTHORITY } from "../check-configuration.js";
import type { NodeAuthOptions, NodeSystemOptions } from "../configuration.js";
import { withinReach, type Reach } from "../http/network-zone.js";

/** A call without an application. */
export interface MetadataCall {
  readonly correlationId: string;
  readonly signal?: AbortSignal | undefined;
  /** What all its requests may take together. */
  readonly budget: Budget;
}

/** Returns the context of one step of a call. */
export function metadataCall({ signal, budget }: Omit<MetadataCall, "correlationId">): MetadataCall {
  return { correlationId: newCorrelationId(), signal, budget };
}

/**
 * Returns what fetches the metadata that a server within reach may have, with the limits of discovery: https or this machine,
 * no redirect, and bounds of size and time.
 */
export function metadataClients(system: NodeSystemOptions | undefined): (reach: Reach) => Client {
  const clients = new Map<string, Client>();
  return (reach) => {
    const key = JSON.stringify(reach);
    const client = clients.get(key) ?? create(system, reach);
    clients.set(key, client);
    return client;
  };
}

/** Returns what registers clients at an issuer. */
export function issuerClient(
  system: NodeSystemOptions | undefined,
  reach: Reach,
  metadata: { readonly issuer: string },
): Client {
  return create(system, reach, {
    oidcAuthority: metadata.issuer,
    authorityMetadata: JSON.stringify(metadata),
  });
}

function create(
  system: NodeSystemOptions | undefined,
  reach: Reach,
  authority: Partial<NodeAuthOptions> = { authority: DEFAULT_AUTHORITY },
): Client {
  const auth = { clientId: "none", ...authority };
  const configuration = { auth, system: withinReach(system ?? {}, reach) };
  const { loggerOptions, ...checked } = checkConfiguration(configuration, { kind: "none" });
  const logger = new Logger(loggerOptions, "@tessera/node", version);
  return createClient({ ...checked, logger: () => logger });
}
