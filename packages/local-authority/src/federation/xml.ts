import { XMLParser } from "fast-xml-parser";

/** An element with its namespace resolved (Namespaces in XML 1.0 §6). */
export interface XmlElement {
  readonly namespace: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** The element's own character data, untrimmed. */
  readonly text: string;
}

/** Parses a document; returns `undefined` if it is malformed or has a document type declaration. */
export function parseXml(text: string): XmlElement | undefined {
  if (/<!(?!--|\[CDATA\[)/.test(text)) return undefined;
  try {
    const nodes = parser.parse(text) as readonly Node[];
    const roots = nodes.filter((node) => nameOf(node) !== undefined);
    return roots.length === 1 && roots[0] !== undefined ? readElement(roots[0], new Map()) : undefined;
  } catch {
    return undefined;
  }
}

/** Follows a path of element names, each with its namespace; takes the first match at each step. */
export function find(
  root: XmlElement | undefined,
  ...path: readonly (readonly [namespace: string, name: string])[]
): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>(
    (element, [namespace, name]) =>
      element?.children.find((child) => child.namespace === namespace && child.name === name),
    root,
  );
}

/** Escapes a string for element content or an attribute value (Canonical XML 1.0 §2.3). */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"\r]/g, (character) => escapes.get(character) ?? character);
}

const escapes: ReadonlyMap<string, string> = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
  ["\r", "&#xD;"],
]);

/** A node as returned with `preserveOrder`: one key for the element, and `:@` for its attributes. */
type Node = Readonly<Record<string, unknown>>;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  cdataPropName: "#cdata",
});

function nameOf(node: Node): string | undefined {
  return Object.keys(node).find((key) => key !== ":@" && !key.startsWith("#"));
}

function readElement(node: Node, inherited: ReadonlyMap<string, string>): XmlElement {
  const qualified = nameOf(node) ?? "";
  const content = node[qualified] as readonly Node[];
  const attributes = Object.entries((node[":@"] ?? {}) as Record<string, string>).map(
    ([key, value]) => [key, decode(value)] as const,
  );
  const declared = attributes
    .filter(([key]) => key === "xmlns" || key.startsWith("xmlns:"))
    .map(([key, value]) => [key.slice("xmlns:".length), value] as const);
  const namespaces = new Map([...inherited, ...declared]);
  const colon = qualified.indexOf(":");
  return {
    namespace: namespaces.get(qualified.slice(0, Math.max(colon, 0))) ?? "",
    name: qualified.slice(colon + 1),
    attributes: Object.fromEntries(attributes),
    children: content
      .filter((child) => nameOf(child) !== undefined)
      .map((child) => readElement(child, namespaces)),
    text: content.map(textOf).join(""),
  };
}

function textOf(node: Node): string {
  if (typeof node["#text"] === "string") return decode(node["#text"]);
  if (Array.isArray(node["#cdata"]))
    return node["#cdata"].map((part: Node) => String(part["#text"])).join("");
  return "";
}

/** Decodes character references and the five predefined entities (XML 1.0 §4.1, §4.6). */
function decode(text: string): string {
  return text.replace(
    /&(?:#(\d+)|#x([\da-f]+)|(amp|lt|gt|quot|apos));/gi,
    (_, decimal?: string, hex?: string, name = "") => {
      if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      return { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }[name as string] ?? "";
    },
  );
}
