import { cloudAudience, federationIssuer } from "../federation/audience.js";
import { metadataExchangeDocument } from "../federation/metadata-exchange.js";
import { addressing, policy, wsTrustVersions, type WsTrustVersion } from "../federation/namespaces.js";
import { samlNamespaces, signAssertion, type SamlVersion } from "../federation/saml-assertion.js";
import {
  messageIdOf,
  readEnvelope,
  readSecurityTokenRequest,
  type SecurityTokenRequest,
} from "../federation/security-token-request.js";
import { faultEnvelope, isoTime, soapEnvelope, SoapFault } from "../federation/soap.js";
import { AadstsError } from "../errors/errors.js";
import type { RequestContext } from "../http/request-context.js";
import { checkPassword } from "../sign-in/password-check.js";
import type { AuthorityState } from "../state.js";

const soapType = { "Content-Type": "application/soap+xml; charset=utf-8", "Cache-Control": "no-store" };

/** The emulated AD FS's metadata (WS-MetadataExchange). */
export function wsTrustMetadata(c: RequestContext, state: AuthorityState): Response {
  return c.body(metadataExchangeDocument(state.url), 200, soapType);
}

/**
 * The emulated AD FS verifies a user's password and returns an assertion (WS-Trust 2005 and 1.3). For any error it returns a
 * SOAP fault with HTTP 500, as AD FS does.
 */
export async function usernameMixed(c: RequestContext, state: AuthorityState): Promise<Response> {
  const version = wsTrustVersions[c.req.param("version") === "13" ? "1.3" : "2005"];
  const envelope = readEnvelope(c.get("request").body);
  const now = state.clock.seconds();
  const header = { relatesTo: messageIdOf(envelope), now };
  try {
    const request = readSecurityTokenRequest(envelope, version, now);
    const body = await issue(state, version, request);
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
  { username, password, appliesTo, tokenType }: SecurityTokenRequest,
): Promise<string> {
  const { namespace: trust, requestType, bearerKeyType } = version;
  const federation = state.directory.realmOf(username)?.federation;
  const user = authenticate(state, version, { username, password });
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
function authenticate(
  { directory }: AuthorityState,
  { namespace }: WsTrustVersion,
  credential: { readonly username: string; readonly password: string },
) {
  const fault = new SoapFault(
    namespace,
    "FailedAuthentication",
    "ID3242: The security token could not be authenticated or authorized.",
  );
  if (directory.realmOf(credential.username)?.federation === undefined) throw fault;
  try {
    return checkPassword(directory, credential, "AD FS").user;
  } catch (failure) {
    throw failure instanceof AadstsError ? fault : failure;
  }
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
