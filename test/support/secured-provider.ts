import { randomBytes, type JsonWebKey } from "node:crypto";
import type { ClientMetadata, Configuration } from "oidc-provider";
import { startOpenIdProvider, type OpenIdProvider } from "./oidc-provider.js";

/** What the provider insists on; everything that it knows may be used. */
export interface Security {
  /** Takes only pushed requests (RFC 9126). */
  readonly requiresPushed?: boolean;
  /** Takes only signed requests (RFC 9101). */
  readonly requiresSigned?: boolean;
  /** Wants its own nonce in each proof of possession (RFC 9449 §8). */
  readonly requiresNonce?: boolean;
  /** The FAPI 2.0 security profile. */
  readonly isFapi2?: boolean;
  /** Laid over the registration of each client. */
  readonly client?: Partial<ClientMetadata>;
  /** Laid over the registration of the client {@link OpenIdProvider.clients}`.post`. */
  readonly confidential?: Partial<ClientMetadata>;
  /** The public keys of each client. */
  readonly keys?: readonly JsonWebKey[];
}

/** The types of authorization details that it knows (RFC 9396). */
export const detailTypes = ["payment", "account_information"];

export const resources = ["https://api.example.org/", "https://files.example.org/"];

/** `oidc-provider` with everything that FAPI 2.0 builds on. */
export function startSecuredProvider(security: Security = {}): Promise<OpenIdProvider> {
  const { requiresPushed = false, requiresSigned = false, requiresNonce = false, isFapi2 = false } = security;
  const { keys, client, confidential } = security;
  const secured = (usual: Configuration): Configuration => ({
    ...usual,
    clients: (usual.clients ?? []).map((one) => ({
      ...one,
      authorization_details_types: detailTypes,
      ...(keys ? { jwks: { keys: [...keys] } } : {}),
      ...client,
      ...(one.client_id === "web-post" ? confidential : {}),
    })),
    clientAuthMethods: [...(usual.clientAuthMethods ?? []), "private_key_jwt"],
    features: {
      ...usual.features,
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: requiresPushed },
      requestObjects: { enabled: true, requireSignedRequestObject: requiresSigned },
      ...(isFapi2 ? { fapi: { enabled: true, profile: "2.0" } } : {}),
      dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => requiresNonce },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => [],
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: "reports:read reports:write" }),
      },
      richAuthorizationRequests: {
        enabled: true,
        types: Object.fromEntries(detailTypes.map((type) => [type, { validate: () => undefined }])),
        authorizationDetailsForGrantSource: ({ oidc }) => detailsIn(oidc.params) ?? [],
        // As RFC 9396 §6.1 has it: what the token request asks for, else all that was granted.
        authorizationDetailsForAccessToken: ({ oidc }, _token, source) =>
          detailsIn(oidc.params) ?? (source as WithDetails | undefined)?.rar ?? [],
        authorizationDetailsForIntrospection: (_context, token) => (token as WithDetails).rar ?? [],
      },
    },
  });
  return startOpenIdProvider({ configure: secured });
}

interface WithDetails {
  readonly rar?: Detail[];
}
type Detail = { type: string } & Record<string, unknown>;

function detailsIn(parameters: Readonly<Record<string, unknown>> | undefined): Detail[] | undefined {
  const text = parameters?.["authorization_details"];
  return typeof text === "string" ? (JSON.parse(text) as Detail[]) : undefined;
}
