// proves: core/src/flows/ws-trust/xml.ts, core/src/flows/ws-trust/metadata.ts, core/src/flows/ws-trust/security-token.ts
// A federation server cannot keep the process busy, and its XML reaches nothing outside itself.
import { describe, expect, test } from "@jest/globals";
import { PublicClientApplication } from "@tessera/node";
import { growth, MOST_GROWTH } from "../support/growth.js";
import { recordedNetwork } from "../support/recorded-network.js";
import { inSample } from "../support/sample.js";

const adfs = "https://adfs.partner.example";
const metadataUrl = `${adfs}/mex`;
const known = `${adfs}/trust/2005/usernamemixed`;
const other = `${adfs}/trust/13/usernamemixed`;
const action = "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue";

/** Signs in with what a federation server says. */
async function signIn(metadata: string, reply: string) {
  const network = recordedNetwork(({ line }) => {
    if (line.includes("/common/userrealm/")) {
      const federation_metadata_url = metadataUrl;
      const realm = { account_type: "Federated", federation_protocol: "WSTrust", federation_metadata_url };
      return { body: { ...realm, federation_active_auth_url: known } };
    }
    if (line === `GET ${metadataUrl}`) return { body: metadata };
    return line.startsWith(`POST ${adfs}`)
      ? { body: reply }
      : { status: 400, body: { error: "the_end", error_description: "the token endpoint was reached" } };
  });
  const app = new PublicClientApplication({
    auth: { clientId: "the-client", authority: "https://login.microsoftonline.com/contoso.example" },
    system: { networkClient: network },
  });
  const user = { username: "grace@partner.example", password: "the-password" };
  const error: unknown = await app
    .acquireTokenByUsernamePassword({ scopes: ["openid"], ...user })
    .catch((reason: unknown) => reason);
  const { errorCode, errorMessage } = error as { readonly errorCode: string; readonly errorMessage: string };
  return { errorCode, errorMessage, asked: network.lines().filter((line) => line.startsWith("POST")) };
}

const policy = `<wsp:Policy wsu:Id="p"><sp:TransportBinding/><sp:UsernameToken/></wsp:Policy>`;
const binding = `<binding name="b"><PolicyReference URI="#p"/><operation><s:operation soapAction="${action}"/></operation></binding>`;
const port = `<port binding="t:b"><a:Address>${other}</a:Address></port>`;
const definitions = (more = ""): string => `<definitions>${policy}${binding}${port}${more}</definitions>`;
const assertion = "<saml:Assertion>text</saml:Assertion>";
const response = (more = ""): string =>
  `<s:Envelope><TokenType>urn:oasis:names:tc:SAML:2.0:assertion</TokenType>${assertion}${more}</s:Envelope>`;
const nested = (name: string, depth: number, inside = ""): string =>
  `<${name}>`.repeat(depth) + inside + `</${name}>`.repeat(depth);

test("the metadata and the reply of these tests lead to the token endpoint", async () => {
  await expect(signIn(definitions(), response())).resolves.toMatchObject({
    errorCode: "the_end",
    asked: [`POST ${other}`, expect.stringContaining("/token")],
  });
});

const names = ["Policy", "binding", "operation", "PolicyReference", "port", "Address", "UsernameToken", "x"];
const shapes: readonly [string, (size: number) => string][] = [
  ...names.map((name): [string, (size: number) => string] => [
    `many <${name}>`,
    (size) => `<${name}/>`.repeat(size / 8),
  ]),
  ...names.map((name): [string, (size: number) => string] => [
    `<${name}> nested, many times`,
    (size) => nested(name, 50).repeat(size / (50 * (2 * name.length + 5))),
  ]),
  ["many attributes", (size) => `<x ${Array.from({ length: size / 16 }, (_, i) => `a${i}="1"`).join(" ")}/>`],
  ["a long attribute", (size) => `<x a="${"&#".repeat(size / 2)}"/>`],
  ["many names", (size) => Array.from({ length: size / 16 }, (_, i) => `<a${i}/>`).join("")],
  ["a long prefix", (size) => `<${"a:".repeat(size / 2)}b/>`],
  ["a long text", (size) => `<Address>${"&amp;".repeat(size / 5)}</Address>`],
  ["references that do not end", (size) => `<Address>${`&${"a".repeat(99)}`.repeat(size / 100)}</Address>`],
  ["a binding of many prefixes", (size) => `<port binding="${":".repeat(size)}"/>`],
  ["comments", (size) => "x<!---->".repeat(size / 8)],
  ["CDATA", (size) => "<![CDATA[x]]>".repeat(size / 13)],
  ["comments without end", (size) => "<!--".repeat(size / 4)],
  ["CDATA without end", (size) => "<![CDATA[".repeat(size / 9)],
  ["instructions", (size) => "<?x?>".repeat(size / 5)],
  ["instructions without end", (size) => "<?".repeat(size / 2)],
  ["tags without end", (size) => "<a ".repeat(size / 3)],
  ["tags that are not closed", (size) => "<a>".repeat(size / 3)],
  ["ends without beginning", (size) => "</a>".repeat(size / 4)],
  ["quotes", (size) => `<a ${`b='"`.repeat(size / 4)}>`],
  ["space", (size) => `<a${" ".repeat(size)}b>`],
  ["assertions without end", (size) => `<![CDATA[${"<Assertion ".repeat(size / 11)}]]>`],
  ["ends of assertions", (size) => `<![CDATA[<Assertion >${"</Assertion ".repeat(size / 12)}]]>`],
  ["declarations", (size) => "<!x>".repeat(size / 4)],
];

describe("reading takes time in proportion to the length", () => {
  // Work that grows with the square would take seconds for sixteen times as much.
  const size = 8 * 1024;
  test.each(shapes)("with %s in the metadata", async (_, shape) => {
    expect(await growth((n) => signIn(definitions(shape(n)), response()), size)).toBeLessThan(MOST_GROWTH);
  });
  // The reply is read by the same reader: a third of the shapes, of which every name is as good as the other.
  test.each(shapes.filter(([shape]) => inSample(shape)))("with %s in the reply", async (_, shape) => {
    expect(await growth((n) => signIn(definitions(), response(shape(n))), size)).toBeLessThan(MOST_GROWTH);
  });

  test.each([
    ["Policy", "UsernameToken"],
    ["Policy", "TransportBinding"],
    ["Policy", "Policy"],
    ["binding", "operation"],
    ["binding", "PolicyReference"],
    ["port", "Address"],
    ["port", "port"],
  ])("and however deep in <%s> many <%s> are", async (outer, inner) => {
    // The same length, sixteen times as deep. Searched and copied once more for each level, it took many seconds.
    const work = (depth: number) =>
      signIn(definitions(nested(outer, depth, `<${inner}/>`.repeat(8_000))), response());
    expect(await growth(work, 5, 5)).toBeLessThan(5);
  });
});

describe("length and depth are bounded", () => {
  const long = definitions(`<x>${"y".repeat(1_600_000)}</x>`);
  test("metadata that are too long are not read: the known endpoint is used", async () => {
    const { asked } = await signIn(long, response());
    expect(asked[0]).toBe(`POST ${known}`);
  });
  test("metadata that are nested too deeply are not read: the known endpoint is used", async () => {
    const { asked } = await signIn(definitions(nested("x", 120)), response());
    expect(asked[0]).toBe(`POST ${known}`);
  });
  test.each([
    ["too long", response("y".repeat(1_600_000)), "longer"],
    ["nested too deeply", response(nested("x", 120)), "XML"],
  ])("a reply that is %s ends the sign-in", async (_, reply, reason) => {
    await expect(signIn(definitions(), reply)).resolves.toMatchObject({
      errorCode: "federation_error",
      errorMessage: expect.stringContaining(reason),
      asked: [`POST ${other}`],
    });
  });
});

describe("a document type is refused", () => {
  const entities = Array.from({ length: 10 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join(
    "",
  );
  const types: readonly [string, string][] = [
    ["with entities in entities", `<!DOCTYPE x [<!ENTITY e0 "lol">${entities}]>`],
    ["with a file", `<!DOCTYPE x [<!ENTITY e10 SYSTEM "file:///etc/passwd">]>`],
    ["with an address", `<!DOCTYPE x SYSTEM "https://collect.example/x.dtd">`],
    ["with a parameter entity", `<!DOCTYPE x [<!ENTITY % p SYSTEM "https://collect.example/">%p;]>`],
    ["in small letters", `<!doctype x>`],
    ["in the middle", `<?xml version="1.0"?><!-- -->\n<!DOCTYPE x>`],
  ];
  test.each(types)("%s, in a reply", async (_, type) => {
    await expect(signIn(definitions(), type + response("<x>&e10;</x>"))).resolves.toMatchObject({
      errorCode: "federation_error",
      errorMessage: expect.stringContaining("document type"),
      asked: [`POST ${other}`],
    });
  });
  test.each(types)("%s, in the metadata: the known endpoint is used", async (_, type) => {
    const { asked } = await signIn(type + definitions(), response());
    expect(asked[0]).toBe(`POST ${known}`);
  });
});
