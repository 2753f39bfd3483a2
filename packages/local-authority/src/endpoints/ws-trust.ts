import { cloudAudience, federationIssuer } from "../federation/audience.js";
import { metadataExchangeDocument } from "../federation/metadata-exchange.js";
import { addressing, policy, wsTrustVersions, type WsTrustVersion } from "../federation/namespaces.js";
import { samlNamespaces, signAssertion, type SamlVersion } from "../federation/saml-assertion.js";
import {
  messageIdOf,
  readEnvelope,
  readPassword,
  readSecurityTokenRequest,
  type SecurityTokenRequest,
} from "../federation/security-token-request.js";
import { faultEnvelope, isoTime, soapEnvelope, SoapFault } from "../federation/soap.js";
import { AadstsError } from "../errors/errors.js";
import type { User } from "../config/config.js";
import type { RequestContext } from "../http/request-context.js";
import { checkPassword } from "../sign-in/password-check.js";
import type { AuthorityState } from "../state.js";
import type { XmlElement } from "../federation/xml.js";

const soapType = { "Content-Type": "application/soap+xml; charset=utf-8", "Cache-Control": "no-store" };

/** The emulated AD FS's metadata (WS-MetadataExchange). */
export function wsTrustMetadata(c: RequestContext, state: AuthorityState): Response {
  return c.body(metadataExchangeDocument(state.url, state.acceptTicket !== undefined), 200, soapType);
}

/** The emulated AD FS verifies a user's password and returns an assertion (WS-Trust 2005 and 1.3). */
export function usernameMixed(c: RequestContext, state: AuthorityState): Promise<Response> {
  return answer(c, state, (version, envelope) => {
    const credential = readPassword(envelope, state.clock.seconds());
    return passwordUser(state, version, credential);
  });
}

/**
 * The emulated AD FS reads a user's Kerberos ticket (RFC 4559) and returns an assertion. Without a ticket that the acceptor
 * takes, it asks for one, as AD FS does.
 */
export async function windowsTransport(c: RequestContext, state: AuthorityState): Promise<Response> {
  const { authorization = "" } = c.get("request").headers;
  const [, ticket] = /^Negotiate +([A-Za-z\d+/]+={0,2})$/i.exec(authorization) ?? [];
  const username = ticket === undefined ? undefined : await state.acceptTicket?.(ticket);
  if (username === undefined) return c.body(null, 401, { "WWW-Authenticate": "Negotiate" });
  return answer(c, state, (version) => federatedUser(state, version, username));
}

/** Identifies the user of a message. @throws {SoapFault} */
type Authenticate = (version: WsTrustVersion, envelope: XmlElement | undefined) => User;

/** For any error, it returns a SOAP fault with HTTP 500, as AD FS does. */
async function answer(
  c: RequestContext,
  state: AuthorityState,
  authenticate: Authenticate,
): Promise<Response> {
  const version = wsTrustVersions[c.req.param("version") === "13" ? "1.3" : "2005"];
  const envelope = readEnvelope(c.get("request").body);
  const now = state.clock.seconds();
  const header = { relatesTo: messageIdOf(envelope), now };
  try {
    const request = readSecurityTokenRequest(envelope, version);
    const body = await issue(state, version, request, authenticate(version, envelope));
    return c.body(soapEnvelope({ ...header, action: version.responseAction }, body), 200, soapType);
  } catch (failure) {
    if (failure instanceof SoapFault) return c.body(faultEnvelope(failure, header), 500, soapType);
    throw failure;
  }
}

/** Lifetime of an assertion in seconds, the default of AD FS. */
const assertionLifetime = 3600;

async function issue(
  state: AuthorityState,
  version: WsTrustVersion,
  { appliesTo, tokenType }: SecurityTokenRequest,
  user: User,
): Promise<string> {
  const { namespace: trust, requestType, bearerKeyType } = version;
  const federation = state.directory.realmOf(user.username)?.federation;
  if (appliesTo !== cloudAudience) {
    throw new SoapFault(trust, "InvalidScope", "ID3082: The request scope is not valid or is unsupported.");
  }
  const saml = chooseVersion(version, tokenType, federation?.samlVersion);
  const notBefore = state.clock.seconds();
  const notOnOrAfter = notBefore + assertionLifetime;
  const assertion = await signAssertion(saml, {
    issuer: federationIssuer(state.url),
    audience: appliesTo,
    upn: user.username,
    immutableId: Buffer.from(user.oid.replaceAll("-", ""), "hex").toString("base64"),
    notBefore,
    notOnOrAfter,
  });
  const response = `<t:RequestSecurityTokenResponse xmlns:t="${trust}"><t:Lifetime><u:Created>${isoTime(notBefore)}</u:Created><u:Expires>${isoTime(notOnOrAfter)}</u:Expires></t:Lifetime><p:AppliesTo xmlns:p="${policy}"><e:EndpointReference xmlns:e="${addressing}"><e:Address>${cloudAudience}</e:Address></e:EndpointReference></p:AppliesTo><t:RequestedSecurityToken>${assertion}</t:RequestedSecurityToken><t:TokenType>${samlNamespaces[saml]}</t:TokenType><t:RequestType>${requestType}</t:RequestType><t:KeyType>${bearerKeyType}</t:KeyType></t:RequestSecurityTokenResponse>`;
  // WS-Trust 1.3 §4.3: a single response is wrapped in a collection.
  return version.segment === "13"
    ? `<c:RequestSecurityTokenResponseCollection xmlns:c="${trust}">${response}</c:RequestSecurityTokenResponseCollection>`
    : response;
}

/** Verifies the password of a federated user. The fault does not reveal why verification failed. */
function passwordUser(
  { directory }: AuthorityState,
  version: WsTrustVersion,
  credential: { readonly username: string; readonly password: string },
): User {
  const fault = failedAuthentication(version);
  if (directory.realmOf(credential.username)?.federation === undefined) throw fault;
  try {
    return checkPassword(directory, credential, "AD FS").user;
  } catch (failure) {
    throw failure instanceof AadstsError ? fault : failure;
  }
}

function federatedUser({ directory }: AuthorityState, version: WsTrustVersion, username: string): User {
  const found = directory.userByName(username);
  const isFederated = directory.realmOf(username)?.federation !== undefined;
  if (found && isFederated && !directory.isDisabled(found.user)) return found.user;
  throw failedAuthentication(version);
}

function failedAuthentication({ namespace }: WsTrustVersion): SoapFault {
  return new SoapFault(
    namespace,
    "FailedAuthentication",
    "ID3242: The security token could not be authenticated or authorized.",
  );
}

function chooseVersion(
  { segment }: WsTrustVersion,
  tokenType: string | undefined,
  configured: SamlVersion | undefined,
): SamlVersion {
  const profile = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1";
  if (tokenType === samlNamespaces["2.0"] || tokenType === `${profile}#SAMLV2.0`) return "2.0";
  if (tokenType === samlNamespaces["1.1"] || tokenType === `${profile}#SAMLV1.1`) return "1.1";
  return segment === "13" ? (configured ?? "1.1") : "1.1";
}
