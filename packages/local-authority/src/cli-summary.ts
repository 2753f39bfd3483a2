import { canSignIn, type AuthorityConfig } from "./config/config.js";

/** What a person needs to sign in: the certificate has to be trusted, or plain HTTP used. */
export function summary(url: string, { tenants }: AuthorityConfig, caFile?: string): string {
  const trust = caFile ?? "none; pass --ca-file FILE to write it, or --http to do without";
  const lines = tenants.flatMap(({ id, domain, apps, users }) => [
    "",
    `${domain}: ${url}/${id}`,
    ...users.filter(canSignIn).map(({ username, password }) => `  user  ${username}, password ${password}`),
    ...apps.map(({ name, clientId }) => `  app   ${name}, client ID ${clientId}`),
  ]);
  const certificate = url.startsWith("https") ? [`CA certificate: ${trust}`] : [];
  return [`Listening at ${url}`, ...certificate, ...lines, "", "Press Ctrl+C to stop.", ""].join("\n");
}

/** What a person needs to know about an emulated host. */
export function identitiesNotice(url: string, { managedIdentities }: AuthorityConfig): string {
  const identities = managedIdentities.map(
    ({ clientId, systemAssigned }) =>
      `  ${systemAssigned ? "system" : "user"}-assigned identity, client ID ${clientId}`,
  );
  const note = "Set these variables for your app while this program runs. Press Ctrl+C to stop.";
  return [`The authority listens at ${url}`, ...identities, note, ""].join("\n");
}
