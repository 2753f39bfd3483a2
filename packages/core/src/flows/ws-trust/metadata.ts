import type { AuthorityUrl } from "../../authority/authority-url.js";
import { statusOf } from "../../http/throttle.js";
import type { Call, Transport } from "../../http/transport.js";
import { federationUrl } from "./federation-url.js";
import { attribute, elements, federationError, parseXml, textOf, type XmlNode } from "./xml.js";

/** Supported versions of WS-Trust, the preferred one first. */
export const WS_TRUST_VERSIONS = {
  "1.3": {
    namespace: "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
    action: "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue",
    requestType: "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue",
    keyType: "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer",
  },
  "2005": {
    namespace: "http://schemas.xmlsoap.org/ws/2005/02/trust",
    action: "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue",
    requestType: "http://schemas.xmlsoap.org/ws/2005/02/trust/Issue",
    keyType: "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey",
  },
} as const;
/** One of {@link WS_TRUST_VERSIONS}. */
export type WsTrustVersion = keyof typeof WS_TRUST_VERSIONS;

/** An endpoint that accepts a user name and password. */
export interface UsernameEndpoint {
  readonly url: string;
  readonly version: WsTrustVersion;
}

/**
 * Finds the user-name endpoint in a federation server's metadata (WS-MetadataExchange): the port whose binding has a policy
 * for user-name tokens over TLS, WS-Trust 1.3 before 2005.
 *
 * @param authority the authority that named the metadata
 * @throws ClientAuthError `federation_error` when there is none; ClientConfigurationError `authority_uri_insecure`,
 * `url_parse_error` for an endpoint that must not receive a password
 */
export async function findUsernameEndpoint(
  transport: Transport,
  url: string,
  authority: AuthorityUrl,
  call: Call,
): Promise<UsernameEndpoint> {
  if (url === "") throw federationError("the user's realm does not name a federation_metadata_url");
  const response = await transport.get(url, call, { headers: { accept: "application/soap+xml, text/xml" } });
  if (response.status !== 200) throw federationError(`${url} returned ${statusOf(response)}`);
  const document = await parseXml(response.body, url);
  const policies = new Set(
    elements(document, "Policy")
      .filter(takesUserName)
      .map((policy) => `#${attribute(policy, "Id")}`),
  );
  const bindings = new Map<string, WsTrustVersion>();
  for (const binding of elements(document, "binding")) {
    const version = versionOf(binding);
    const fits = elements(binding, "PolicyReference").some((reference) =>
      policies.has(attribute(reference, "URI")),
    );
    if (version && fits) bindings.set(attribute(binding, "name"), version);
  }
  const endpoints = elements(document, "port").flatMap((port): UsernameEndpoint[] => {
    const version = bindings.get(localName(attribute(port, "binding")));
    const address = textOf(elements(port, "Address")[0]);
    return version && address
      ? [{ url: federationUrl(address, "the WS-Trust endpoint", authority), version }]
      : [];
  });
  const best = endpoints.find(({ version }) => version === "1.3") ?? endpoints[0];
  if (!best) throw federationError(`${url} does not name an endpoint for user name and password`);
  return best;
}

/** Removes the prefix of a name. */
function localName(name: string): string {
  return name.slice(name.lastIndexOf(":") + 1);
}

function takesUserName(policy: XmlNode): boolean {
  return elements(policy, "UsernameToken").length > 0 && elements(policy, "TransportBinding").length > 0;
}

function versionOf(binding: XmlNode): WsTrustVersion | undefined {
  // A WSDL operation contains a SOAP operation, which names the action.
  const operations = elements(binding, "operation").flatMap((outer) => [
    outer,
    ...elements(outer, "operation"),
  ]);
  const actions = operations.map((operation) => attribute(operation, "soapAction"));
  return (["1.3", "2005"] as const).find((version) => actions.includes(WS_TRUST_VERSIONS[version].action));
}
