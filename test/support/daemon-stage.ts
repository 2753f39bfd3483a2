import type { ClientCredentialRequest, ConfidentialClientApplication } from "@tessera/node";
import { startEntra, type Entra } from "./entra.js";

/** Entra, and an app that acts in its own name. */
export interface Daemons {
  readonly entra: Entra;
  /** The daemon of the default tenants, which works in other tenants, too. */
  readonly daemon: Entra["confidential"];
}

/** What the daemon asks for. */
export const scopes = ["https://graph.microsoft.com/.default"];

/** A tenant that is not the daemon's own. */
export const fabrikam = "fabfabfa-0000-4000-8000-000000000000";

export async function startDaemons(): Promise<Daemons> {
  const entra = await startEntra();
  const registration = {
    clientId: "c0c0c0c0-0000-4000-8000-0000000000a4",
    clientSecret: "contoso-daemon-secret",
  };
  return {
    entra,
    daemon: (over = {}) => entra.confidential({ ...over, auth: { ...registration, ...over.auth } }),
  };
}

export function ask(app: ConfidentialClientApplication, over: ClientCredentialRequest = {}) {
  return app.acquireTokenByClientCredential({ scopes, ...over });
}

/** The token requests that came. */
export function tokenForms({ authority }: Entra) {
  return authority.requests.filter(({ endpoint }) => endpoint === "token").map(({ form }) => form);
}
