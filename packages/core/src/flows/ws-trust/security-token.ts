import type { Client } from "../../client/client.js";
import { newGuid } from "../../encoding.js";
import { statusOf, withPause } from "../../http/throttle.js";
import type { Call } from "../../http/transport.js";
import { Parameters } from "../../request/parameters.js";
import { WS_TRUST_VERSIONS, type WsTrustEndpoint } from "./metadata.js";
import { windowsAuthError } from "./windows-auth-error.js";
import { elements, escapeXml, federationError, parseXml, textOf } from "./xml.js";

/** A request for an assertion. */
export interface SecurityTokenRequest {
  /** Whom the assertion is for. */
  readonly audience: string;
  /** What proves who the user is: a password in the message, or a Kerberos ticket in a header (RFC 4559). */
  readonly proof: Password | { readonly ticket: string };
}

interface Password {
  readonly username: string;
  readonly password: string;
}

/** Lifetime of the request message: ten minutes. */
const LIFETIME_MS = 600_000;

const GRANT_TYPES: Readonly<Record<string, string>> = {
  "urn:oasis:names:tc:SAML:1.0:assertion": "urn:ietf:params:oauth:grant-type:saml1_1-bearer",
  "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1":
    "urn:ietf:params:oauth:grant-type:saml1_1-bearer",
  "urn:oasis:names:tc:SAML:2.0:assertion": "urn:ietf:params:oauth:grant-type:saml2-bearer",
  "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0":
    "urn:ietf:params:oauth:grant-type:saml2-bearer",
};

/**
 * Exchanges a password or a Kerberos ticket for a SAML assertion (WS-Trust, RequestSecurityToken).
 *
 * @returns the parameters of the grant that redeems the assertion (RFC 7522 §2.1)
 * @throws ClientAuthError `federation_error` with the reason from the server's fault;
 * `integrated_windows_authentication_failed` for a ticket that was refused
 */
export async function requestSecurityToken(
  { transport, clock }: Pick<Client, "transport" | "clock">,
  endpoint: WsTrustEndpoint,
  ask: SecurityTokenRequest,
  call: Call,
): Promise<Parameters> {
  const { action } = WS_TRUST_VERSIONS[endpoint.version];
  const headers = {
    "content-type": "application/soap+xml; charset=utf-8",
    accept: "application/soap+xml, text/xml",
    SOAPAction: action,
    ...("ticket" in ask.proof ? { authorization: `Negotiate ${ask.proof.ticket}` } : {}),
  };
  const response = await transport.post(
    endpoint.url,
    { body: envelope(endpoint, ask, transport.hosts.timeAt(endpoint.url)), headers, secrets: secretsIn(ask) },
    call,
  );
  if (response.status >= 300 && response.status < 400)
    throw federationError(
      `${endpoint.url} redirects to another address (${statusOf(response)}), which is not followed`,
    );
  if (response.status === 401 && "ticket" in ask.proof) throw refusedTicket(endpoint, call);
  const failed = (): Error =>
    withPause(federationError(`${endpoint.url} returned ${statusOf(response)}`), response, clock);
  const document = await parseXml(response.body, endpoint.url).catch((error: unknown) => {
    throw response.status === 200 ? error : failed();
  });
  const fault = elements(document, "Fault")[0];
  if (fault) {
    const reason = textOf(elements(fault, "Text")[0]) || textOf(elements(fault, "faultstring")[0]);
    const codes = elements(fault, "Value").map(textOf);
    throw federationError(
      `the federation server refused: ${reason || "no reason given"} (${codes.join(", ")})`,
    );
  }
  if (response.status !== 200) throw failed();
  const grantType = elements(document, "TokenType")
    .map((type) => GRANT_TYPES[textOf(type)])
    .find(Boolean);
  const assertion = assertionIn(response.body);
  if (!grantType || !assertion)
    throw federationError(`${endpoint.url} did not return a SAML assertion of a supported version`);
  return new Parameters()
    .set("grant_type", grantType)
    .set("assertion", Buffer.from(assertion, "utf8").toString("base64url"));
}

/** A server's fault may repeat the password, also as it was sent. */
function secretsIn({ proof }: SecurityTokenRequest): readonly string[] {
  return "password" in proof ? [proof.password, escapeXml(proof.password)] : [];
}

function refusedTicket({ url }: WsTrustEndpoint, call: Call): Error {
  const service = `HTTP/${new URL(url).hostname}`;
  return windowsAuthError(
    `${url} refused the Kerberos ticket (HTTP 401)`,
    `Check that the ticket is for the account that has the service principal name ${service}, that the clocks agree, and that no proxy ends TLS in between`,
    call,
  );
}

/** Matches an assertion tag. It stops at the next `<`, so that matching is linear. */
const ASSERTION_TAG = /<((?:[\w-]+:)?Assertion)(?=[\s>])[^<>]*>|<\/((?:[\w-]+:)?Assertion)\s*>/g;

/**
 * Returns the first assertion, including nested ones. It is copied verbatim, because the signature covers the exact
 * text.
 */
function assertionIn(text: string): string | undefined {
  let first: { readonly name: string; readonly index: number } | undefined;
  let depth = 0;
  for (const { 0: tag, 1: begins, 2: ends, index } of text.matchAll(ASSERTION_TAG)) {
    if (!first && begins) first = { name: begins, index };
    if (!first || (begins ?? ends) !== first.name) continue;
    depth += begins ? 1 : -1;
    if (depth === 0) return text.slice(first.index, index + tag.length);
  }
  return undefined;
}

function envelope(
  { url, version }: WsTrustEndpoint,
  { audience, proof }: SecurityTokenRequest,
  now: number,
): string {
  const { action, namespace, keyType, requestType } = WS_TRUST_VERSIONS[version];
  return `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing" xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">
  <s:Header>
    <a:Action s:mustUnderstand="1">${action}</a:Action>
    <a:MessageID>urn:uuid:${newGuid()}</a:MessageID>
    <a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo>
    <a:To s:mustUnderstand="1">${escapeXml(url)}</a:To>${"password" in proof ? securityHeader(proof, now) : ""}
  </s:Header>
  <s:Body>
    <t:RequestSecurityToken xmlns:t="${namespace}">
      <p:AppliesTo xmlns:p="http://schemas.xmlsoap.org/ws/2004/09/policy">
        <a:EndpointReference><a:Address>${escapeXml(audience)}</a:Address></a:EndpointReference>
      </p:AppliesTo>
      <t:KeyType>${keyType}</t:KeyType>
      <t:RequestType>${requestType}</t:RequestType>
    </t:RequestSecurityToken>
  </s:Body>
</s:Envelope>`;
}

/** The password of a message, which is valid for a while (WS-Security 1.0 §6.2, §10). */
function securityHeader({ username, password }: Password, now: number): string {
  const time = (at: number): string => new Date(at).toISOString();
  return `
    <o:Security s:mustUnderstand="1" xmlns:o="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">
      <u:Timestamp u:Id="_0"><u:Created>${time(now)}</u:Created><u:Expires>${time(now + LIFETIME_MS)}</u:Expires></u:Timestamp>
      <o:UsernameToken u:Id="uuid-${newGuid()}">
        <o:Username>${escapeXml(username)}</o:Username>
        <o:Password>${escapeXml(password)}</o:Password>
      </o:UsernameToken>
    </o:Security>`;
}
