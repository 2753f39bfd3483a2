import { invalidOption, requireKnownOptions, requireRecord } from "@tessera/core/internal";
import type { NodeAuthOptions } from "../configuration.js";

/** What a preset sets: options of `auth`, to be spread beside `clientId` and the credential. */
export type ProviderPreset = Pick<
  NodeAuthOptions,
  | "authorityMetadata"
  | "clientMetadata"
  | "extraAuthorizationParameters"
  | "extraParameters"
  | "oidcAuthority"
>;

/**
 * Options for Auth0.
 *
 * @param options `domain`: of the tenant, or the custom one; `audience`: the identifier of the API; `organization`: its id or name
 * @returns `oidcAuthority`, with the slash that Auth0's issuer ends in, and `extraParameters`
 * @example
 * ```ts
 * const preset = auth0({ domain: "contoso.eu.auth0.com", audience: "https://api.contoso.example" });
 * const app = new ConfidentialClientApplication({ auth: { clientId, clientSecret, ...preset } });
 * ```
 */
export function auth0(options: {
  readonly domain: string;
  readonly audience?: string;
  readonly organization?: string;
}): ProviderPreset {
  requireOptions(options, { domain: true, audience: true, organization: true }, "auth0");
  const { audience, organization } = options;
  return {
    oidcAuthority: `https://${host(options.domain, "domain")}/`,
    extraParameters: { ...(audience ? { audience } : {}), ...(organization ? { organization } : {}) },
  };
}

/**
 * Options for a realm of Keycloak.
 *
 * @param options `url`: of the server, with `/auth` if it is an older one; `realm`: its name, with capitals as they are
 * @returns `oidcAuthority`
 * @example
 * ```ts
 * const preset = keycloak({ url: "https://sso.contoso.example", realm: "Staff" });
 * const app = new ConfidentialClientApplication({ auth: { clientId, clientSecret, ...preset } });
 * ```
 */
export function keycloak(options: { readonly url: string; readonly realm: string }): ProviderPreset {
  requireOptions(options, { url: true, realm: true }, "keycloak");
  const server = given(options.url, "url", "https://sso.contoso.example");
  const end = server.endsWith("/") ? -1 : undefined;
  return {
    oidcAuthority: `${server.slice(0, end)}/realms/${encodeURIComponent(given(options.realm, "realm", "Staff"))}`,
  };
}

/**
 * Options for Okta.
 *
 * @param options `domain`: of the organization; `server`: the id of an authorization server, often `default`; without it, the
 * organization's own, whose access tokens are for Okta alone
 * @returns `oidcAuthority`
 * @example
 * ```ts
 * const preset = okta({ domain: "contoso.okta.com", server: "default" });
 * const app = new ConfidentialClientApplication({ auth: { clientId, clientSecret, ...preset } });
 * ```
 */
export function okta(options: { readonly domain: string; readonly server?: string }): ProviderPreset {
  requireOptions(options, { domain: true, server: true }, "okta");
  const { server } = options;
  const path = server ? `/oauth2/${encodeURIComponent(server)}` : "";
  return { oidcAuthority: `https://${host(options.domain, "domain")}${path}` };
}

/**
 * Options for Google. Google gives a refresh token for `access_type=offline`, and again only if the user is asked for consent.
 *
 * @returns `oidcAuthority` and `extraAuthorizationParameters`; a request's own `prompt` wins
 * @example
 * ```ts
 * const app = new ConfidentialClientApplication({ auth: { clientId, clientSecret, ...google() } });
 * ```
 */
export function google(): ProviderPreset {
  return {
    oidcAuthority: "https://accounts.google.com",
    extraAuthorizationParameters: { access_type: "offline", prompt: "consent" },
  };
}

/**
 * Options for GitHub, an OAuth server without OpenID Connect. The account comes from its user info endpoint.
 *
 * @returns `oidcAuthority`, and the endpoints in `authorityMetadata`, because GitHub publishes no document
 * @example
 * ```ts
 * const app = new ConfidentialClientApplication({ auth: { clientId, clientSecret, ...github() } });
 * ```
 */
export function github(): ProviderPreset {
  return {
    oidcAuthority: "https://github.com",
    authorityMetadata: JSON.stringify({
      authorization_endpoint: "https://github.com/login/oauth/authorize",
      token_endpoint: "https://github.com/login/oauth/access_token",
      device_authorization_endpoint: "https://github.com/login/device/code",
      userinfo_endpoint: "https://api.github.com/user",
      token_endpoint_auth_methods_supported: ["client_secret_post"],
    }),
  };
}

/**
 * Options for a user pool of Amazon Cognito.
 *
 * @param options `userPoolId`, which begins with the region
 * @returns `oidcAuthority`
 * @example
 * ```ts
 * const preset = cognito({ userPoolId: "eu-west-1_Abc123" });
 * const app = new ConfidentialClientApplication({ auth: { clientId, clientSecret, ...preset } });
 * ```
 */
export function cognito(options: { readonly userPoolId: string }): ProviderPreset {
  requireOptions(options, { userPoolId: true }, "cognito");
  const pool = given(options.userPoolId, "userPoolId", "eu-west-1_Abc123");
  const [region = "", id] = pool.split("_");
  if (!id || !/^[a-z\d-]{1,40}$/.test(region) || !/^\w{1,80}$/.test(id))
    throw invalidOption(
      "userPoolId",
      `is "${pool}"`,
      'pass the ID of the user pool, such as "eu-west-1_Abc123"',
    );
  return { oidcAuthority: `https://cognito-idp.${region}.amazonaws.com/${pool}` };
}

/**
 * Options for an instance of Zitadel.
 *
 * @param options `domain`: of the instance
 * @returns `oidcAuthority`
 * @example
 * ```ts
 * const preset = zitadel({ domain: "contoso.zitadel.cloud" });
 * const app = new PublicClientApplication({ auth: { clientId, ...preset } });
 * ```
 */
export function zitadel(options: { readonly domain: string }): ProviderPreset {
  requireOptions(options, { domain: true }, "zitadel");
  return { oidcAuthority: `https://${host(options.domain, "domain")}` };
}

function requireOptions<O extends object>(
  options: O,
  known: Readonly<Record<keyof O, true>>,
  preset: string,
): void {
  requireKnownOptions(requireRecord(options, "options"), known, preset);
}

function given(value: unknown, field: string, example: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw invalidOption(
    field,
    typeof value === "string" ? "is empty" : "is not a string",
    `pass it, such as "${example}"`,
  );
}

/** A domain alone: a scheme or a path would end up in the middle of the issuer. */
function host(value: unknown, field: string): string {
  const domain = given(value, field, "contoso.example");
  if (/^[a-z\d.-]{1,253}(:\d{1,5})?$/i.test(domain)) return domain;
  throw invalidOption(field, `is "${domain}"`, 'pass the host alone, such as "contoso.example"');
}
