import { isObject } from "../../encoding.js";
import { clientAuthError, clientConfigurationError, type AuthError } from "../../errors/errors.js";

/** A parsed element: its children by local name, attributes with a leading `@`. */
export type XmlNode = Readonly<Record<string, unknown>>;

/** Maximum length of a document. AD FS metadata is about 100 KB. */
const MAX_CHARACTERS = 512 * 1024;
const MAX_DEPTH = 100;

/**
 * Parses XML, ignoring namespace prefixes. Document types and custom entities are refused, so that a document cannot
 * refer to anything outside it. Length and depth are limited, so that a federation server cannot keep the process
 * busy.
 *
 * @throws ClientConfigurationError `missing_dependency`; ClientAuthError `federation_error` when it is not XML
 */
export async function parseXml(text: string, source: string): Promise<XmlNode> {
  const { XMLParser } = await loadParser();
  if (text.length > MAX_CHARACTERS)
    throw federationError(`${source} is longer than ${MAX_CHARACTERS} characters`);
  // A declaration that is not a comment or CDATA belongs to a document type (XML 1.0 §2.8).
  if (/<!(?!--|\[CDATA\[)/.test(text))
    throw federationError(`${source} has a document type, which is not allowed`);
  try {
    const options = {
      ignoreAttributes: false,
      attributeNamePrefix: "@",
      removeNSPrefix: true,
      processEntities: false,
      maxNestedTags: MAX_DEPTH,
    };
    return new XMLParser({ ...options, parseTagValue: false, trimValues: true }).parse(text) as XmlNode;
  } catch (cause) {
    throw federationError(`${source} is not XML`, cause);
  }
}

/**
 * Returns the descendants with a local name. Of nested matches only the outermost is returned, so that searching
 * inside each result visits no node twice.
 *
 * @throws ClientAuthError `federation_error` where elements are nested too deeply
 */
export function elements(node: XmlNode, name: string): readonly XmlNode[] {
  const found: XmlNode[] = [];
  const search = (parent: XmlNode, depth: number): void => {
    // Older releases of the parser do not limit the depth.
    if (depth > MAX_DEPTH) throw federationError(`elements are nested more than ${MAX_DEPTH} deep`);
    for (const [key, value] of Object.entries(parent)) {
      const items: readonly unknown[] = Array.isArray(value) ? value : [value];
      for (const item of items) {
        if (key === name) found.push(asNode(item));
        else if (isObject(item)) search(item, depth + 1);
      }
    }
  };
  search(node, 0);
  return found;
}

/** Returns the text of an element. */
export function textOf(node: XmlNode | undefined): string {
  const text = node?.["#text"] ?? "";
  return typeof text === "string" ? unescapeXml(text) : "";
}

/** Returns an attribute of an element. */
export function attribute(node: XmlNode | undefined, name: string): string {
  const value = node?.[`@${name}`];
  return typeof value === "string" ? unescapeXml(value) : "";
}

/** Escapes a string for XML. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

/** Creates an error for a failure of the federation server or an invalid response from it. */
export function federationError(what: string, cause?: unknown): AuthError {
  return clientAuthError("federation_error", `The federated sign-in failed: ${what}.`, { cause });
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/**
 * Decodes character references and predefined entities (XML 1.0 §4.1, §4.6). References to characters that XML does
 * not allow are left unchanged.
 */
function unescapeXml(text: string): string {
  const entries = Object.entries(ESCAPES);
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|\w+);/gi, (reference, hex?: string, decimal?: string) => {
    const code = hex ? parseInt(hex, 16) : Number(decimal);
    if (hex || decimal) return isXmlCharacter(code) ? String.fromCodePoint(code) : reference;
    return entries.find(([, escaped]) => escaped === reference)?.[0] ?? reference;
  });
}

function isXmlCharacter(code: number): boolean {
  if (code < 0x20) return code === 0x9 || code === 0xa || code === 0xd;
  return code < 0xd800 || (code > 0xdfff && code < 0xfffe) || (code > 0xffff && code <= 0x10ffff);
}

/** Wraps the text of an element without attributes and children, which the parser returns as a string. */
function asNode(item: unknown): XmlNode {
  return isObject(item) ? item : { "#text": String(item) };
}

async function loadParser(): Promise<typeof import("fast-xml-parser")> {
  try {
    return await import("fast-xml-parser");
  } catch (cause) {
    throw clientConfigurationError(
      "missing_dependency",
      "A federated user's sign-in needs the package fast-xml-parser, which is not installed: npm install fast-xml-parser.",
      { cause },
    );
  }
}
