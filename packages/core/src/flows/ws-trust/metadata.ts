import type { AuthorityUrl } from "../../authority/authority-url.js";
import type { Client } from "../../client/client.js";
import { statusOf, withPause } from "../../http/throttle.js";
import type { Call } from "../../http/transport.js";
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

/** An endpoint of a federation server that issues tokens. */
export interface WsTrustEndpoint {
  readonly url: string;
  readonly version: WsTrustVersion;
}

/** What proves to a federation server who the user is. */
export type ProofKind = "password" | "ticket";

/** The element of a policy that asks for a proof (WS-SecurityPolicy §5.4.1; Negotiate, RFC 4559), and its name in errors. */
const POLICIES: Readonly<Record<ProofKind, { readonly element: string; readonly shown: string }>> = {
  password: { element: "UsernameToken", shown: "user name and password" },
  ticket: {
    element: "NegotiateAuthentication",
    shown: "Kerberos tickets: its administrator can enable /adfs/services/trust/13/windowstransport",
  },
};

/** What to look for, and where. */
export interface EndpointSearch {
  /** URL of the metadata, or `""`. */
  readonly url: string;
  /** The authority that named the metadata. */
  readonly authority: AuthorityUrl;
  readonly proof: ProofKind;
}

/**
 * Finds the endpoint for a proof in a federation server's metadata (WS-MetadataExchange): the port whose binding has a policy
 * for it over TLS, WS-Trust 1.3 before 2005.
 *
 * @throws ClientAuthError `federation_error` when there is none; ClientConfigurationError `authority_uri_insecure`,
 * `url_parse_error` for an endpoint that must not receive a proof
 */
export async function findEndpoint(
  { transport, clock }: Pick<Client, "transport" | "clock">,
  { url, authority, proof }: EndpointSearch,
  call: Call,
): Promise<WsTrustEndpoint> {
  const { element, shown } = POLICIES[proof];
  if (url === "") throw federationError("the user's realm does not name a federation_metadata_url");
  const response = await transport.get(url, call, { headers: { accept: "application/soap+xml, text/xml" } });
  if (response.status !== 200)
    throw withPause(federationError(`${url} returned ${statusOf(response)}`), response, clock);
  const document = await parseXml(response.body, url);
  const policies = new Set(
    elements(document, "Policy")
      .filter((policy) => asksFor(policy, element))
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
  const endpoints = elements(document, "port").flatMap((port): WsTrustEndpoint[] => {
    const version = bindings.get(localName(attribute(port, "binding")));
    const address = textOf(elements(port, "Address")[0]);
    return version && address
      ? [{ url: federationUrl(address, "the WS-Trust endpoint", authority), version }]
      : [];
  });
  const best = endpoints.find(({ version }) => version === "1.3") ?? endpoints[0];
  if (!best) throw federationError(`${url} does not name an endpoint for ${shown}`);
  return best;
}

/** Removes the prefix of a name. */
function localName(name: string): string {
  return name.slice(name.lastIndexOf(":") + 1);
}

function asksFor(policy: XmlNode, element: string): boolean {
  return elements(policy, element).length > 0 && elements(policy, "TransportBinding").length > 0;
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
