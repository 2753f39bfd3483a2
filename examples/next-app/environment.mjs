// @ts-check

/**
 * The environment that site.mjs reads, for a local authority with the registrations of web-frameworks.
 *
 * @param {import("@tessera/local-authority").LocalAuthority} authority
 * @param {object} site
 * @param {string} site.baseUrl
 * @param {readonly string[]} site.secrets
 * @param {string} [site.responseMode]
 * @param {Readonly<Record<"payments" | "vault", { readonly url: string }>>} site.downstream
 */
export function environmentOf(authority, { baseUrl, secrets, responseMode = "query", downstream }) {
  const registered = authority.config.tenants[0]?.apps.find(({ name }) => name.endsWith("Web"));
  return {
    // Nothing is reported to the makers of Next.js.
    NEXT_TELEMETRY_DISABLED: "1",
    BASE_URL: baseUrl,
    SESSION_SECRETS: secrets.join(" "),
    RESPONSE_MODE: responseMode,
    AUTHORITY: authority.authorityUrl(),
    SITE_ID: registered?.clientId ?? "",
    SITE_SECRET: registered?.clientSecret ?? "",
    API_ID: "orders",
    API_SECRET: "orders-secret",
    PAYMENTS_URL: downstream.payments.url,
    VAULT_URL: downstream.vault.url,
  };
}
