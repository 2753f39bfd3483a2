import { PublicClientApplication, type ResourceFetchOptions, type ResourceRegistration } from "@tessera/node";
import type { ScenarioRun } from "./conformance-suite.js";

/** What a scenario gives its client: a registration, a key, a workload's assertion, or nothing but a user who agrees. */
export function optionsOf({
  scenario,
  context,
}: Pick<ScenarioRun, "scenario" | "context">): Partial<ResourceFetchOptions> {
  const { client_id: clientId = "", client_secret: clientSecret = "", issuer = "" } = context;
  const registered = (registration: Partial<ResourceRegistration>) => ({
    client: { registered: () => ({ clientId, ...registration }) },
    allowIssuer: () => true,
  });
  switch (scenario) {
    case "auth/pre-registration":
      return { client: { registered: { [issuer]: { clientId, clientSecret } } }, openBrowser };
    case "auth/client-credentials-basic":
      return { ...registered({ clientSecret }), grant: "app" };
    case "auth/client-credentials-jwt":
      return {
        ...registered({ clientCertificate: { privateKey: context["private_key_pem"] ?? "", kid: "a key" } }),
        grant: "app",
      };
    case "auth/enterprise-managed-authorization": {
      const auth = { clientId: context["idp_client_id"] ?? "", oidcAuthority: context["idp_issuer"] ?? "" };
      const application = new PublicClientApplication({ auth });
      return {
        ...registered({ clientSecret }),
        acrossApps: { application, idToken: context["idp_id_token"] },
      };
    }
    case "auth/wif-jwt-bearer":
      return { ...registered({}), grant: "assertion", assertion: context["valid_jwt"] ?? "" };
    default:
      return { openBrowser };
  }
}

/** Opens the page of a provider, which sends the browser back at once. */
async function openBrowser(url: string): Promise<void> {
  const { headers } = await fetch(url, { redirect: "manual" });
  await fetch(headers.get("location") ?? "");
}
