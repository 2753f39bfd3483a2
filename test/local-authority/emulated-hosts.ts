import { afterAll, afterEach, beforeAll } from "@jest/globals";
import {
  startLocalAuthority,
  type EmulatedHost,
  type HostName,
  type LocalAuthority,
  type ManagedIdentity,
} from "@tessera/local-authority";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { peerNetwork, type PeerNetwork } from "../support/peer-network.js";
import { managedIdentity } from "./emulated-clients.js";

export const resource = "https://vault.azure.net";
export const withEndpoint: readonly HostName[] = [
  "imds",
  "app-service",
  "service-fabric",
  "machine-learning",
  "cloud-shell",
];

/** The authority of the test file, its hosts and their identities. */
export let authority: LocalAuthority;
export let network: PeerNetwork;
export let folder: string;
export let hosts: ReadonlyMap<HostName, EmulatedHost>;
export let system: ManagedIdentity;
export let assigned: ManagedIdentity;

beforeAll(async () => {
  authority = await startLocalAuthority({ resources: [resource] });
  network = peerNetwork(authority.caPem);
  folder = await mkdtemp(join(tmpdir(), "emulator-"));
  hosts = new Map(
    await Promise.all(withEndpoint.map(async (name) => [name, await authority.emulate(name)] as const)),
  );
  [system, assigned] = authority.config.managedIdentities as [ManagedIdentity, ManagedIdentity];
});
afterEach(() => authority.clearRequests());
afterAll(async () => {
  await network.close();
  await authority.close();
  await rm(folder, { recursive: true });
});

/** An emulated host. */
export const host = (name: HostName): EmulatedHost => {
  const found = hosts.get(name);
  if (found === undefined) throw new Error(`No host ${name}`);
  return found;
};
/** A client of the peer, on the authority's network. */
export const client = (ids: object = {}) =>
  managedIdentity({ managedIdentityIdParams: ids, system: { networkClient: network } });

/** A request without a library. */
export async function send(
  name: HostName,
  query: string,
  headers: Record<string, string>,
  form?: string,
): Promise<{ status: number; headers: Headers; json: Record<string, unknown> }> {
  const { environment } = host(name);
  const url =
    environment["IDENTITY_ENDPOINT"] ??
    environment["MSI_ENDPOINT"] ??
    `${environment["AZURE_POD_IDENTITY_AUTHORITY_HOST"] ?? ""}/metadata/identity/oauth2/token`;
  const response = await fetch(`${url}${query}`, {
    redirect: "manual",
    headers,
    ...(form === undefined ? {} : { method: "POST", body: new URLSearchParams(form) }),
  });
  return {
    status: response.status,
    headers: response.headers,
    json: (await response.json()) as Record<string, unknown>,
  };
}
