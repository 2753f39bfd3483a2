import { recordedNetwork, type RecordedNetwork, type Respond } from "./recorded-network.js";

export const instanceDiscovery = "GET https://login.microsoftonline.com/common/discovery/instance";
const documentPath = "/.well-known/openid-configuration";

/** What Entra answers about a host that it does not know, in the form that MSAL recognises. */
export const unknownHost = errorOfInstanceDiscovery("invalid_instance");

export function errorOfInstanceDiscovery(error: string): object {
  return {
    error,
    error_description: "AADSTS50049",
    error_codes: [50049],
    timestamp: "2030-01-01 00:00:00Z",
    trace_id: "trace",
    correlation_id: "correlation",
    error_uri: "https://login.microsoftonline.com/error",
  };
}

/** A good discovery document of an issuer at `base`. */
export function documentAt(base: string, over: object = {}): object {
  return {
    issuer: base,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    jwks_uri: `${base}/keys`,
    device_authorization_endpoint: `${base}/devicecode`,
    end_session_endpoint: `${base}/logout`,
    token_endpoint_auth_methods_supported: ["client_secret_post"],
    ...over,
  };
}

/**
 * A network on which every host is an identity provider with a spotless discovery document, a stranger's included, and of
 * which Entra knows none.
 *
 * @param special answers that come before these
 */
export function worldNetwork(special: Respond = () => undefined): RecordedNetwork {
  return recordedNetwork((request) => {
    const answer = special(request);
    if (answer) return answer;
    const { line } = request;
    if (line === instanceDiscovery) return { status: 400, body: unknownHost };
    if (line.endsWith(documentPath)) return { body: documentAt(line.slice(4, -documentPath.length)) };
    return { body: { access_token: "the-token", token_type: "Bearer", expires_in: 3600 } };
  });
}
