// The assertion in a federation server's reply: cut out as it was signed, whatever the reply is like.
// proves: core/src/flows/ws-trust/security-token.ts
import { growth, MOST_GROWTH } from "../support/growth.js";
import { describe, expect, it } from "@jest/globals";
import { PublicClientApplication } from "@tessera/node";
import { recordedNetwork } from "../support/recorded-network.js";

const authority = "https://login.microsoftonline.com/contoso.example";
const tokenType = "<t:TokenType>urn:oasis:names:tc:SAML:2.0:assertion</t:TokenType>";

/** What goes to Entra when the federation server says this; or the code of the error. */
async function sentOn(body: string): Promise<string> {
  const network = recordedNetwork(({ line }) => {
    if (line.includes("userrealm")) {
      const federation_active_auth_url = "https://adfs.partner.example/trust";
      const realm = { account_type: "Federated", federation_protocol: "WSTrust", federation_active_auth_url };
      return { body: realm };
    }
    if (line.includes("adfs.partner.example")) return { body };
    return { status: 400, body: { error: "the_end" } };
  });
  const app = new PublicClientApplication({
    auth: { clientId: "the-client", authority },
    system: { networkClient: network },
  });
  const username = "grace@partner.example";
  const error: unknown = await app
    .acquireTokenByUsernamePassword({ scopes: ["openid"], username, password: "x" })
    .catch((reason: unknown) => reason);
  const sent = network.requests.at(-1)?.form.get("assertion");
  return sent
    ? Buffer.from(sent, "base64url").toString()
    : String((error as { errorCode?: string }).errorCode);
}

const reply = (inside: string): string =>
  `<s:Envelope><s:Body><t:RequestSecurityTokenResponse>${tokenType}<t:RequestedSecurityToken>${inside}</t:RequestedSecurityToken></t:RequestSecurityTokenResponse></s:Body></s:Envelope>`;

describe("the assertion is passed on as it stands", () => {
  it.each([
    ["without prefix", '<Assertion ID="a"><Subject/></Assertion>'],
    ["with a prefix", '<saml:Assertion ID="a">\n  <saml:Subject>ü</saml:Subject>\n</saml:Assertion>'],
    ["with space in its tags", "<Assertion\n  ID='a'\n>text</Assertion\n>"],
    [
      "with another inside",
      "<Assertion><Advice><Assertion>1</Assertion></Advice><Assertion >2</Assertion></Assertion>",
    ],
    ["with one of another name inside", "<a:Assertion><b:Assertion>1</b:Assertion></a:Assertion>"],
    ["with names like it inside", "<Assertion><AssertionID/><Assertions/><MyAssertion/></Assertion>"],
    ["with > in an attribute", '<Assertion ID="a>b"><X/></Assertion>'],
  ])("%s", async (_, assertion) => {
    expect(await sentOn(reply(assertion))).toBe(assertion);
  });

  it.each([
    ["none", ""],
    ["one without end", "<Assertion ID='a'>"],
    ["an end alone", "</Assertion>"],
    ["another name", "<AssertionID>a</AssertionID>"],
  ])("and of %s the caller is told", async (_, inside) => {
    expect(await sentOn(reply(inside))).toBe("federation_error");
  });
});

describe("a reply that means harm ends soon", () => {
  it.each<[string, (times: number) => string]>([
    ["tags without end", (times) => "<![CDATA[" + "<Assertion ".repeat(times) + "]]>"],
    ["many tags that are never closed", (times) => "<![CDATA[" + "<Assertion >".repeat(times) + "]]>"],
    ["ends without beginning", (times) => "<![CDATA[" + "</Assertion >".repeat(times) + "]]>"],
    ["ends that do not end", (times) => "<![CDATA[<Assertion >" + "</Assertion ".repeat(times) + "]]>"],
    ["space without end", (times) => "<![CDATA[<Assertion >" + `</Assertion${" ".repeat(times * 10)}]]>`],
    ["a prefix without end", (times) => `<![CDATA[<${"a".repeat(times * 10)}]]>`],
    ["prefixes without end", (times) => "<![CDATA[" + "<a:".repeat(times) + "]]>"],
  ])("in time that grows as its length: %s", async (_, inside) => {
    const times = await growth(async (size) => {
      // Not compared whole: a difference of a megabyte takes longer to print than the fault to show.
      expect((await sentOn(reply(inside(size)))).slice(0, 100)).toBe("federation_error");
    }, 10_000);
    expect(times).toBeLessThan(MOST_GROWTH);
  });

  const times = 100_000;
  it("elements in elements, deeper than any reply", async () => {
    expect(await sentOn(reply("<a>".repeat(times) + "</a>".repeat(times)))).toBe("federation_error");
  });
});
