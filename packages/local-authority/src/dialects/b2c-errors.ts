import type { AadstsCode, AadstsError } from "../errors/errors.js";
import type { Trace } from "../errors/trace.js";
import type { ErrorBody } from "./dialect.js";

/** B2C has its own error codes, which appear only in the description. */
export function b2cError(failure: AadstsError, trace: Trace): ErrorBody {
  const own = texts.get(failure.code);
  const { correlationId, timestamp } = trace;
  return {
    error: failure.error,
    error_description: `${own ?? failure.text}\r\nCorrelation ID: ${correlationId}\r\nTimestamp: ${timestamp}\r\n`,
  };
}

/** https://learn.microsoft.com/azure/active-directory-b2c/error-codes */
const texts: ReadonlyMap<AadstsCode, string> = new Map([
  [
    50011,
    "AADB2C90006: The redirect URI provided in the request is not registered for the client id of the application.",
  ],
  [65004, "AADB2C90091: The user has cancelled entering self-asserted information."],
  [700016, "AADB2C90068: The provided application is not valid against this service."],
  [7000215, "AADB2C90081: The specified client_secret does not match the expected value for this client."],
  [7000218, "AADB2C90079: Clients must send a client_secret when redeeming a confidential grant."],
  [70008, "AADB2C90080: The provided grant has expired. Please re-authenticate and try again."],
  [700082, "AADB2C90080: The provided grant has expired. Please re-authenticate and try again."],
  [50173, "AADB2C90129: The provided grant has been revoked. Please reauthenticate and try again."],
  [700005, "AADB2C90088: The provided grant has not been issued for this endpoint."],
  [50142, "AADB2C90118: The user has forgotten their password."],
]);
