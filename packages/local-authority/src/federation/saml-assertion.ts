import { createHash, randomUUID } from "node:crypto";
import { publicJwk, signBytes, verifyBytes } from "../crypto/jwt.js";
import { escapeXml, find, parseXml, type XmlElement } from "./xml.js";
import { isoTime } from "./soap.js";

export type SamlVersion = "1.1" | "2.0";

export const samlNamespaces: Readonly<Record<SamlVersion, string>> = {
  "1.1": "urn:oasis:names:tc:SAML:1.0:assertion",
  "2.0": "urn:oasis:names:tc:SAML:2.0:assertion",
};

/** The content of an AD FS assertion. */
export interface AssertionContent {
  readonly issuer: string;
  readonly audience: string;
  /** User principal name. */
  readonly upn: string;
  /** The user's permanent ID at AD FS. */
  readonly immutableId: string;
  /** Seconds since the epoch. */
  readonly notBefore: number;
  readonly notOnOrAfter: number;
}

/**
 * Creates an assertion with an enveloped signature (XML Signature §4, RSA with SHA-256). The XML is written in
 * canonical form (Exclusive XML Canonicalization), so that it can be signed unchanged.
 */
export async function signAssertion(version: SamlVersion, content: AssertionContent): Promise<string> {
  const id = `_${randomUUID()}`;
  const write = writers[version];
  const info = signedInfo(id, write(id, content, ""));
  return write(id, content, await signature(info, await signBytes(canonicalInfo(info))));
}

/** Returns the content of an unmodified assertion that this process signed, otherwise `undefined`. */
export async function verifyAssertion(
  version: SamlVersion,
  text: string,
): Promise<AssertionContent | undefined> {
  // Index by index: a regular expression would begin again at each start.
  const [start, end] = [text.indexOf("<ds:Signature "), text.lastIndexOf(signatureEnd)];
  if (start < 0 || end < start) return undefined;
  const found = text.slice(start, end + signatureEnd.length);
  const value = found.slice(
    found.lastIndexOf(valueStart) + valueStart.length,
    found.lastIndexOf("</ds:SignatureValue>"),
  );
  const unsigned = text.replace(found, "");
  const root = parseXml(unsigned);
  if (root?.namespace !== samlNamespaces[version] || root.name !== "Assertion") return undefined;
  const info = signedInfo(root.attributes[idAttributes[version]] ?? "", unsigned);
  // The signature element is not interpreted; it must equal the one that would be generated.
  if (found !== (await signature(info, value))) return undefined;
  return (await verifyBytes(canonicalInfo(info), value)) ? readContent(version, root) : undefined;
}

const signatureEnd = "</ds:Signature>";
const valueStart = "<ds:SignatureValue>";
const idAttributes: Readonly<Record<SamlVersion, string>> = { "1.1": "AssertionID", "2.0": "ID" };
const nameFormat = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
const claimNamespace = "http://schemas.xmlsoap.org/claims";
const liveIdNamespace = "http://schemas.microsoft.com/LiveID/Federation/2008/05";

// Exclusive XML Canonicalization requires sorted attributes and no empty-element tags.
const writers: Readonly<
  Record<SamlVersion, (id: string, content: AssertionContent, signature: string) => string>
> = {
  "1.1": (id, { issuer, audience, upn, immutableId, notBefore, notOnOrAfter }, signature) => {
    const subject = `<saml:Subject><saml:NameIdentifier Format="${nameFormat}">${escapeXml(immutableId)}</saml:NameIdentifier><saml:SubjectConfirmation><saml:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:bearer</saml:ConfirmationMethod></saml:SubjectConfirmation></saml:Subject>`;
    const attribute = (name: string, namespace: string, value: string) =>
      `<saml:Attribute AttributeName="${name}" AttributeNamespace="${namespace}"><saml:AttributeValue>${escapeXml(value)}</saml:AttributeValue></saml:Attribute>`;
    return `<saml:Assertion xmlns:saml="${samlNamespaces["1.1"]}" AssertionID="${id}" IssueInstant="${isoTime(notBefore)}" Issuer="${issuer}" MajorVersion="1" MinorVersion="1"><saml:Conditions NotBefore="${isoTime(notBefore)}" NotOnOrAfter="${isoTime(notOnOrAfter)}"><saml:AudienceRestrictionCondition><saml:Audience>${escapeXml(audience)}</saml:Audience></saml:AudienceRestrictionCondition></saml:Conditions><saml:AttributeStatement>${subject}${attribute("UPN", claimNamespace, upn)}${attribute("ImmutableID", liveIdNamespace, immutableId)}</saml:AttributeStatement><saml:AuthenticationStatement AuthenticationInstant="${isoTime(notBefore)}" AuthenticationMethod="urn:oasis:names:tc:SAML:1.0:am:password">${subject}</saml:AuthenticationStatement>${signature}</saml:Assertion>`;
  },
  "2.0": (id, { issuer, audience, upn, immutableId, notBefore, notOnOrAfter }, signature) => {
    const attribute = (name: string, value: string) =>
      `<saml:Attribute Name="${name}"><saml:AttributeValue>${escapeXml(value)}</saml:AttributeValue></saml:Attribute>`;
    return `<saml:Assertion xmlns:saml="${samlNamespaces["2.0"]}" ID="${id}" IssueInstant="${isoTime(notBefore)}" Version="2.0"><saml:Issuer>${issuer}</saml:Issuer>${signature}<saml:Subject><saml:NameID Format="${nameFormat}">${escapeXml(immutableId)}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="${isoTime(notOnOrAfter)}"></saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="${isoTime(notBefore)}" NotOnOrAfter="${isoTime(notOnOrAfter)}"><saml:AudienceRestriction><saml:Audience>${escapeXml(audience)}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AttributeStatement>${attribute(`${claimNamespace}/UPN`, upn)}${attribute(`${liveIdNamespace}/ImmutableID`, immutableId)}</saml:AttributeStatement><saml:AuthnStatement AuthnInstant="${isoTime(notBefore)}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement></saml:Assertion>`;
  },
};

function readContent(version: SamlVersion, root: XmlElement): AssertionContent {
  const saml = samlNamespaces[version];
  const conditions = find(root, [saml, "Conditions"]);
  const restriction = version === "1.1" ? "AudienceRestrictionCondition" : "AudienceRestriction";
  const statement = find(root, [saml, "AttributeStatement"]);
  const attribute = (name: string) => {
    const found = statement?.children.find(({ attributes }) =>
      [attributes["AttributeName"], attributes["Name"]].some((text) => text?.split("/").pop() === name),
    );
    return find(found, [saml, "AttributeValue"])?.text ?? "";
  };
  const seconds = (name: string) => Date.parse(conditions?.attributes[name] ?? "") / 1000;
  return {
    issuer:
      version === "1.1" ? (root.attributes["Issuer"] ?? "") : (find(root, [saml, "Issuer"])?.text ?? ""),
    audience: find(conditions, [saml, restriction], [saml, "Audience"])?.text ?? "",
    upn: attribute("UPN"),
    immutableId: attribute("ImmutableID"),
    notBefore: seconds("NotBefore"),
    notOnOrAfter: seconds("NotOnOrAfter"),
  };
}

const dsig = "http://www.w3.org/2000/09/xmldsig#";

function signedInfo(id: string, unsigned: string): string {
  const digest = createHash("sha256").update(unsigned).digest("base64");
  return `<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod><ds:Reference URI="#${id}"><ds:Transforms><ds:Transform Algorithm="${dsig}enveloped-signature"></ds:Transform><ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>${digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>`;
}

/** Returns the element's own canonical form, which declares its namespace prefix. */
function canonicalInfo(info: string): string {
  return info.replace("<ds:SignedInfo>", `<ds:SignedInfo xmlns:ds="${dsig}">`);
}

async function signature(info: string, value: string): Promise<string> {
  const { n = "", e = "" } = await publicJwk();
  const base64 = (text: string) => Buffer.from(text, "base64url").toString("base64");
  return `<ds:Signature xmlns:ds="${dsig}">${info}<ds:SignatureValue>${value}</ds:SignatureValue><ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>${base64(n)}</ds:Modulus><ds:Exponent>${base64(e)}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo></ds:Signature>`;
}
