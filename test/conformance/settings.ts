import type { AuthCodeFlowRequest, NodeAuthOptions } from "@tessera/node";
import { decodeJwt, type JWTPayload } from "jose";
import { makeCertificate } from "../support/certificates.js";
import { clientSecret, jwk, keys, type FakeRequest } from "../support/fake-provider.js";
import type { Variant } from "./plans.js";
import type { Stage } from "./relying-party.js";

/** The certificate of the client: its key signs assertions, or it proves itself in TLS. */
const certificate = makeCertificate({ subject: "the client" });

/** What a good provider signs with: FAPI 2.0 forbids RS256. */
export const algorithmOf = ({ profile }: Variant): "PS256" | "RS256" => (profile ? "PS256" : "RS256");

/** The provider's key set. */
export const keysOf = (variant: Variant): readonly object[] => [
  jwk(keys.one, { kid: "one", alg: algorithmOf(variant) }),
];

/** What the discovery document says in a variant. */
export function documentOf({ provider, front }: Stage, variant: Variant): Readonly<Record<string, unknown>> {
  const { url } = provider;
  const alg = algorithmOf(variant);
  return {
    userinfo_endpoint: `${url}/userinfo`,
    token_endpoint_auth_methods_supported: [variant.clientAuth],
    id_token_signing_alg_values_supported: [alg],
    mtls_endpoint_aliases: {
      token_endpoint: `${front.url}/token`,
      pushed_authorization_request_endpoint: `${front.url}/par`,
    },
    ...(variant.profile
      ? {
          pushed_authorization_request_endpoint: `${url}/par`,
          require_pushed_authorization_requests: true,
          authorization_response_iss_parameter_supported: true,
          authorization_signing_alg_values_supported: [alg],
          request_object_signing_alg_values_supported: [alg],
          token_endpoint_auth_signing_alg_values_supported: [alg],
          code_challenge_methods_supported: ["S256"],
          dpop_signing_alg_values_supported: ["ES256"],
        }
      : {}),
  };
}

/** How the client is registered in a variant. */
export function registrationOf(variant: Variant): Partial<NodeAuthOptions> {
  const { clientAuth, profile, responseMode } = variant;
  const alg = algorithmOf(variant);
  const { privateKeyPem: privateKey, certificatePem: publicCertificate } = certificate;
  const proof: Partial<NodeAuthOptions> =
    clientAuth === "client_secret_basic"
      ? { clientSecret }
      : { clientSecret: undefined, clientCertificate: { privateKey, publicCertificate } };
  const isSigned = profile && responseMode === "jwt";
  return {
    ...(clientAuth === "none" ? {} : proof),
    ...(isSigned ? { requestObjectKey: { privateKey, kid: "client" } } : {}),
    clientMetadata: {
      ...(clientAuth === "none" ? {} : { token_endpoint_auth_method: clientAuth }),
      ...(profile ? { id_token_signed_response_alg: alg } : {}),
      ...(isSigned ? { authorization_signed_response_alg: alg, request_object_signing_alg: alg } : {}),
    },
  };
}

/** What a sign-in of a variant asks for. */
export function requestOf({ responseType, responseMode }: Variant): Partial<AuthCodeFlowRequest> {
  return {
    // The types that no client of this library asks for do not come here.
    responseType: responseType as AuthCodeFlowRequest["responseType"] & string,
    ...(responseMode ? { responseMode } : {}),
  };
}

/** The parameters of an authorization request, as they stand in its URL, or in what was pushed and signed before. */
export function parametersOf(url: string, pushed: FakeRequest | undefined): Readonly<Record<string, string>> {
  const { request, ...sent } = pushed?.form ?? Object.fromEntries(new URL(url).searchParams);
  return request ? textsIn(decodeJwt(request)) : sent;
}

function textsIn(claims: JWTPayload): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, String(value)]));
}
