import type { AadstsCode, AadstsError } from "../errors/errors.js";
import type { ErrorBody } from "./dialect.js";

/** AD FS sends only the fields of RFC 6749 §5.2, without error numbers, suberror and trace IDs. */
export function adfsError(failure: AadstsError): ErrorBody {
  const own = errors.get(failure.code);
  return {
    error: own?.error ?? failure.error,
    error_description: own?.text ?? failure.text,
  };
}

interface AdfsError {
  readonly error?: string;
  readonly text: string;
}

const unknownClient: AdfsError = {
  error: "invalid_client",
  text: "MSIS9607: The 'client_id' parameter in the request is invalid. No registered client is found with this identifier.",
};
const badCredential: AdfsError = {
  error: "invalid_client",
  text: "MSIS9622: Client authentication failed. Please verify the credential provided for client authentication is valid.",
};
const badCode: AdfsError = {
  error: "invalid_grant",
  text: "MSIS9612: The authorization code received in 'code' parameter is invalid.",
};
const badRefreshToken: AdfsError = {
  error: "invalid_grant",
  text: "MSIS9615: The refresh token received in 'refresh_token' parameter has expired.",
};
const badPassword: AdfsError = {
  error: "invalid_grant",
  text: "MSIS9659: Invalid 'username' or 'password'.",
};

/** Codes known from the documentation and from reports; other errors keep Entra's description. */
const errors: ReadonlyMap<AadstsCode, AdfsError> = new Map([
  [700016, unknownClient],
  [7000112, unknownClient],
  ...([7000215, 7000218, 700025, 700021, 700023, 700024, 700027, 700030, 5002738, 50027] as const).map(
    (code) => [code, badCredential] as const,
  ),
  ...([54005, 70008, 500112, 501481, 50148] as const).map((code) => [code, badCode] as const),
  ...([50173, 700082] as const).map((code) => [code, badRefreshToken] as const),
  ...([50034, 50126, 50055, 50057] as const).map((code) => [code, badPassword] as const),
  [
    500011,
    {
      error: "invalid_resource",
      text: "MSIS9602: The received 'resource' parameter is invalid. The authorization server can not find a registered resource with the specified identifier.",
    },
  ],
]);
