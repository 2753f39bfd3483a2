import { find, parseXml, type XmlElement } from "./xml.js";
import { addressing, policy, soap, wsse, wsu, type WsTrustVersion } from "./namespaces.js";
import { SoapFault } from "./soap.js";

/** A request for a token. */
export interface SecurityTokenRequest {
  /** The relying party that the token is for. */
  readonly appliesTo: string;
  /** The requested token type, if any. */
  readonly tokenType?: string;
}

/** Parses a SOAP envelope; returns `undefined` for anything else. */
export function readEnvelope(text: string): XmlElement | undefined {
  const envelope = parseXml(text);
  return envelope?.namespace === soap && envelope.name === "Envelope" ? envelope : undefined;
}

export function messageIdOf(envelope: XmlElement | undefined): string | undefined {
  return find(envelope, [soap, "Header"], [addressing, "MessageID"])?.text.trim();
}

/** Parses a RequestSecurityToken (WS-Trust 1.3 §3.1). @throws {SoapFault} InvalidRequest */
export function readSecurityTokenRequest(
  envelope: XmlElement | undefined,
  version: WsTrustVersion,
): SecurityTokenRequest {
  const { namespace, requestType } = version;
  const request = find(envelope, [soap, "Body"], [namespace, "RequestSecurityToken"]);
  if (find(request, [namespace, "RequestType"])?.text.trim() !== requestType) {
    throw new SoapFault(
      namespace,
      "InvalidRequest",
      `The message is not a SOAP 1.2 envelope with a RequestSecurityToken of ${namespace} whose RequestType is ${requestType}.`,
    );
  }
  const address = find(
    request,
    [policy, "AppliesTo"],
    [addressing, "EndpointReference"],
    [addressing, "Address"],
  );
  return {
    appliesTo: address?.text.trim() ?? "",
    tokenType: find(request, [namespace, "TokenType"])?.text.trim(),
  };
}

/**
 * Parses a UsernameToken and a Timestamp (WS-Security 1.0 §6.2 and §10).
 *
 * @param now seconds since the epoch
 * @throws {SoapFault} InvalidSecurity, MessageExpired
 */
export function readPassword(
  envelope: XmlElement | undefined,
  now: number,
): { readonly username: string; readonly password: string } {
  const security = find(envelope, [soap, "Header"], [wsse, "Security"]);
  checkTimestamp(find(security, [wsu, "Timestamp"]), now);
  const token = find(security, [wsse, "UsernameToken"]);
  const username = find(token, [wsse, "Username"])?.text;
  const password = find(token, [wsse, "Password"])?.text;
  if (username && password !== undefined) return { username: username.trim(), password };
  throw new SoapFault(
    wsse,
    "InvalidSecurity",
    "The message has no UsernameToken with a name and a password.",
  );
}

/** Tolerated clock skew, as in Windows services. */
const skewSeconds = 300;

function checkTimestamp(timestamp: XmlElement | undefined, now: number): void {
  const [created, expires] = ["Created", "Expires"].map(
    (name) => Date.parse(find(timestamp, [wsu, name])?.text.trim() ?? "") / 1000,
  );
  if (created === undefined || expires === undefined || Number.isNaN(created) || Number.isNaN(expires)) {
    throw new SoapFault(wsse, "InvalidSecurity", "The message has no Timestamp with Created and Expires.");
  }
  if (created > now + skewSeconds || expires < now - skewSeconds || expires <= created) {
    throw new SoapFault(wsu, "MessageExpired", "The Timestamp of the message is not currently valid.");
  }
}
