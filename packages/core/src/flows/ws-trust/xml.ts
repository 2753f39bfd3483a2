import { clientAuthError, clientConfigurationError } from "../../errors/errors.js";

/** A parsed element: its children by local name, attributes with a leading `@`. */
export type XmlNode = Readonly<Record<string, unknown>>;

/**
 * Parses XML without namespaces prefixes, entities or document types: nothing in it can reach outside it.
 *
 * @throws ClientConfigurationError `missing_dependency`; ClientAuthError `federation_error` when it is not XML
 */
export async function parseXml(text: string, source: string): Promise<XmlNode> {
  const { XMLParser } = await loadParser();
  if (/<!DOCTYPE/i.test(text)) throw federationError(`${source} holds a document type, which is refused`);
  try {
    const options = {
      ignoreAttributes: false,
      attributeNamePrefix: "@",
      removeNSPrefix: true,
      processEntities: false,
    };
    return new XMLParser({ ...options, parseTagValue: false, trimValues: true }).parse(text) as XmlNode;
  } catch (cause) {
    throw federationError(`${source} is not XML`, cause);
  }
}

/** Every element with a local name, however deep. */
export function elements(node: unknown, name: string): readonly XmlNode[] {
  if (Array.isArray(node)) return node.flatMap((item) => elements(item, name));
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => [
    ...(key === name ? asNodes(value) : []),
    ...elements(value, name),
  ]);
}

/** The text of an element. */
export function textOf(node: XmlNode | undefined): string {
  const text = node?.["#text"] ?? "";
  return typeof text === "string" ? unescapeXml(text) : "";
}

/** An attribute of an element. */
export function attribute(node: XmlNode | undefined, name: string): string {
  const value = node?.[`@${name}`];
  return typeof value === "string" ? unescapeXml(value) : "";
}

/** A text as XML carries it. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

/** An error of the federation server, or in what it said. */
export function federationError(what: string, cause?: unknown): Error {
  return clientAuthError("federation_error", `The federated sign-in failed: ${what}.`, { cause });
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};

/** The references every XML document may hold (XML 1.0 §4.1, §4.6); a character XML does not allow stays as it stands. */
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

function asNodes(value: unknown): readonly XmlNode[] {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  return values.map((item) =>
    typeof item === "object" && item !== null ? (item as XmlNode) : { "#text": String(item) },
  );
}

async function loadParser(): Promise<typeof import("fast-xml-parser")> {
  try {
    return await import("fast-xml-parser");
  } catch (cause) {
    throw clientConfigurationError(
      "missing_dependency",
      "A federated user's password sign-in needs the package fast-xml-parser, which is not installed: npm install fast-xml-parser.",
      { cause },
    );
  }
}
