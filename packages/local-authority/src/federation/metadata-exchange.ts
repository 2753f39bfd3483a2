import { addressing, policy, wsTrustVersions, wsu, type WsTrustVersion } from "./namespaces.js";

/**
 * The WS-MetadataExchange document: WSDL 1.1 with WS-Policy, with AD FS's structure and names. Clients look for policies with
 * a UsernameToken or NegotiateAuthentication, and for their bindings and ports. As at AD FS, it lists ports for certificates,
 * which are not implemented.
 *
 * @param takesTickets whether the endpoints for Kerberos tickets are enabled
 */
export function metadataExchangeDocument(url: string, takesTickets: boolean): string {
  const all = [wsTrustVersions["2005"], wsTrustVersions["1.3"]].flatMap((version) => [
    ...(takesTickets ? [endpointOf(version, "Windows")] : []),
    endpointOf(version, "Certificate"),
    endpointOf(version, "UserName"),
  ]);
  const each = (write: (endpoint: Endpoint) => string) => all.map(write).join("");
  return `<?xml version="1.0" encoding="utf-8"?><wsdl:definitions name="SecurityTokenService" targetNamespace="${tns}" xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:tns="${tns}" xmlns:wsp="${policy}" xmlns:wsu="${wsu}" xmlns:wsa10="${addressing}" xmlns:wsaw="http://www.w3.org/2006/05/addressing/wsdl" xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/">${each(policyElement)}${each(bindingElement)}<wsdl:service name="SecurityTokenService">${each(
    (endpoint) => portElement(endpoint, url),
  )}</wsdl:service></wsdl:definitions>`;
}

const tns = "http://schemas.microsoft.com/ws/2008/06/identity/securitytokenservice";

interface Endpoint {
  readonly version: WsTrustVersion;
  readonly credential: "Windows" | "Certificate" | "UserName";
  /** `IWSTrustFeb2005Async` or `IWSTrust13Async`. */
  readonly contract: string;
  readonly binding: string;
}

function endpointOf(version: WsTrustVersion, credential: Endpoint["credential"]): Endpoint {
  const contract = version.segment === "13" ? "IWSTrust13Async" : "IWSTrustFeb2005Async";
  const binding = credential === "Windows" ? "CustomBinding" : `${credential}WSTrustBinding`;
  return { version, credential, contract, binding: `${binding}_${contract}` };
}

function policyElement({ version, credential, binding }: Endpoint): string {
  const sp = version.securityPolicy;
  const is13 = version.segment === "13";
  const nested = (name: string, content: string) =>
    `<sp:${name} xmlns:sp="${sp}"><wsp:Policy>${content}</wsp:Policy></sp:${name}>`;
  const inner = (name: string, content: string) =>
    `<sp:${name}><wsp:Policy>${content}</wsp:Policy></sp:${name}>`;
  const token =
    credential === "UserName"
      ? `<sp:UsernameToken sp:IncludeToken="${sp}/IncludeToken/AlwaysToRecipient"><wsp:Policy><sp:WssUsernameToken10/></wsp:Policy></sp:UsernameToken>`
      : `<sp:X509Token sp:IncludeToken="${sp}/IncludeToken/AlwaysToRecipient"><wsp:Policy><sp:RequireThumbprintReference/><sp:WssX509V3Token10/></wsp:Policy></sp:X509Token>`;
  // WS-SecurityPolicy versions differ in the name of tokens protected by TLS.
  const userNameTokens = is13 ? "SignedEncryptedSupportingTokens" : "SignedSupportingTokens";
  const https = is13
    ? "<sp:HttpsToken><wsp:Policy/></sp:HttpsToken>"
    : '<sp:HttpsToken RequireClientCertificate="false"/>';
  const negotiate =
    '<http:NegotiateAuthentication xmlns:http="http://schemas.microsoft.com/ws/06/2004/policy/http"/>';
  const supportingTokens =
    credential === "Windows"
      ? ""
      : nested(credential === "UserName" ? userNameTokens : "EndorsingSupportingTokens", token);
  return `<wsp:Policy wsu:Id="${binding}_policy"><wsp:ExactlyOne><wsp:All>${credential === "Windows" ? negotiate : ""}${nested(
    "TransportBinding",
    `${inner("TransportToken", https)}${inner("AlgorithmSuite", "<sp:Basic256/>")}${inner("Layout", "<sp:Strict/>")}<sp:IncludeTimestamp/>`,
  )}${supportingTokens}${nested("Wss11", "")}${nested(
    is13 ? "Trust13" : "Trust10",
    "<sp:MustSupportIssuedTokens/><sp:RequireClientEntropy/><sp:RequireServerEntropy/>",
  )}<wsaw:UsingAddressing/></wsp:All></wsp:ExactlyOne></wsp:Policy>`;
}

function bindingElement({ version, contract, binding }: Endpoint): string {
  const operation = version.segment === "13" ? "Trust13IssueAsync" : "TrustFeb2005IssueAsync";
  const message = '<soap12:body use="literal"/>';
  return `<wsdl:binding name="${binding}" type="tns:${contract}"><wsp:PolicyReference URI="#${binding}_policy"/><soap12:binding transport="http://schemas.xmlsoap.org/soap/http"/><wsdl:operation name="${operation}"><soap12:operation soapAction="${version.issueAction}" style="document"/><wsdl:input>${message}</wsdl:input><wsdl:output>${message}</wsdl:output></wsdl:operation></wsdl:binding>`;
}

function portElement({ version, credential, binding }: Endpoint, url: string): string {
  const path = credential === "Windows" ? "windowstransport" : `${credential.toLowerCase()}mixed`;
  const address = `${url}/adfs/services/trust/${version.segment}/${path}`;
  return `<wsdl:port name="${binding}" binding="tns:${binding}"><soap12:address location="${address}"/><wsa10:EndpointReference><wsa10:Address>${address}</wsa10:Address></wsa10:EndpointReference></wsdl:port>`;
}
