// What a scenario gives its client: a registration, a key, a workload's assertion, an identity of a company's provider.
const { MCP_CONFORMANCE_CONTEXT = "{}", MCP_CONFORMANCE_SCENARIO = "" } = process.env;
const context = JSON.parse(MCP_CONFORMANCE_CONTEXT);

/** Opens the provider's page, which sends the browser back at once. */
async function openBrowser(url) {
  const { headers } = await globalThis.fetch(url, { redirect: "manual" });
  await globalThis.fetch(headers.get("location"));
}

export function scenarioOptions() {
  const { client_id: clientId, client_secret: clientSecret } = context;
  const registered = (registration) => ({
    client: { registered: () => registration },
    allowIssuer: () => true,
  });
  switch (MCP_CONFORMANCE_SCENARIO) {
    case "auth/pre-registration":
      return { ...registered({ clientId, clientSecret }), openBrowser };
    case "auth/client-credentials-basic":
      return { ...registered({ clientId, clientSecret }), grant: "app" };
    case "auth/client-credentials-jwt": {
      const clientCertificate = { privateKey: context.private_key_pem, algorithm: context.signing_algorithm };
      return { ...registered({ clientId, clientCertificate }), grant: "app" };
    }
    case "auth/wif-jwt-bearer":
      return { ...registered({ clientId }), grant: "assertion", assertion: context.valid_jwt };
    default:
      return { openBrowser };
  }
}
