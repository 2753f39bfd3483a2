import type { Client, HttpClient } from "@tessera/core";

/** Waits until the client has saved the answers to all grants that it has sent, and closes its connections. */
export async function closeClient(client: Client, http: HttpClient): Promise<void> {
  await client.renewals.ended();
  await client.sentGrants.ended();
  await http.close?.();
}
