/** The XML namespaces of a WS-Trust message. */
export const soap = "http://www.w3.org/2003/05/soap-envelope";
export const addressing = "http://www.w3.org/2005/08/addressing";
export const policy = "http://schemas.xmlsoap.org/ws/2004/09/policy";
export const wsse = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
export const wsu = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

/** The identifiers of a WS-Trust version. */
export interface WsTrustVersion {
  readonly namespace: string;
  /** The path segment in `/adfs/services/trust/{segment}/usernamemixed`. */
  readonly segment: "2005" | "13";
  readonly issueAction: string;
  readonly responseAction: string;
  readonly requestType: string;
  readonly bearerKeyType: string;
  readonly securityPolicy: string;
}

const trust2005 = "http://schemas.xmlsoap.org/ws/2005/02/trust";
const trust13 = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";

export const wsTrustVersions: Readonly<Record<"2005" | "1.3", WsTrustVersion>> = {
  "2005": {
    namespace: trust2005,
    segment: "2005",
    issueAction: `${trust2005}/RST/Issue`,
    responseAction: `${trust2005}/RSTR/Issue`,
    requestType: `${trust2005}/Issue`,
    bearerKeyType: "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey",
    securityPolicy: "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy",
  },
  "1.3": {
    namespace: trust13,
    segment: "13",
    issueAction: `${trust13}/RST/Issue`,
    responseAction: `${trust13}/RSTRC/IssueFinal`,
    requestType: `${trust13}/Issue`,
    bearerKeyType: `${trust13}/Bearer`,
    securityPolicy: "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
  },
};
