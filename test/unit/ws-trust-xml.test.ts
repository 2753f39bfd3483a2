// XML of a federation server: what it means, and that nothing in it can reach outside it.
// proves: core/src/flows/ws-trust/xml.ts
import { describe, expect, it } from "@jest/globals";
import { PublicClientApplication } from "@tessera/node";
import { scriptedNetwork } from "../support/scripted-network.js";

const authority = "https://login.microsoftonline.com/contoso.example";
const adfs = "https://adfs.partner.example";

/** What the app is told when the federation server's fault gives this reason, as XML. */
async function reasonOf(text: string): Promise<string> {
  const fault = `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault>
    <s:Code><s:Value>s:Sender</s:Value></s:Code>
    <s:Reason><s:Text xml:lang="de">${text}</s:Text></s:Reason>
  </s:Fault></s:Body></s:Envelope>`;
  const realm = {
    account_type: "Federated",
    federation_protocol: "WSTrust",
    federation_metadata_url: "",
    federation_active_auth_url: `${adfs}/trust/2005/usernamemixed`,
  };
  const app = new PublicClientApplication({
    auth: {
      clientId: "the-client",
      authority,
      authorityMetadata: JSON.stringify({
        issuer: `${authority}/v2.0`,
        authorization_endpoint: `${authority}/oauth2/v2.0/authorize`,
        token_endpoint: `${authority}/oauth2/v2.0/token`,
        jwks_uri: `${authority}/discovery/v2.0/keys`,
      }),
    },
    system: {
      networkClient: scriptedNetwork({
        [`GET https://login.microsoftonline.com/common/userrealm/grace%40partner.example`]: realm,
        [`POST ${adfs}/trust/2005/usernamemixed`]: fault,
      }),
    },
  });
  const error: unknown = await app
    .acquireTokenByUsernamePassword({ scopes: ["openid"], username: "grace@partner.example", password: "x" })
    .catch((reason: unknown) => reason);
  const { errorCode, errorMessage } = error as { errorCode?: string; errorMessage?: string };
  expect(errorCode).toBe("federation_error");
  return errorMessage ?? "";
}

describe("the reason of a fault", () => {
  it.each([
    ["decimal references", "Zugang f&#252;r &#8222;Grace&#8220; gesperrt", "Zugang für „Grace“ gesperrt"],
    ["hexadecimal references", "&#x6F22;&#x5b57; &#X41;", "漢字 A"],
    ["a character beyond the first plane", "&#128274; &#x1F512;", "🔒 🔒"],
    ["the five names", "&lt;a&gt; &amp; &quot;b&quot; &apos;c&apos;", "<a> & \"b\" 'c'"],
    ["what was escaped twice: once", "&amp;#65; &amp;lt; &#38;lt;", "&#65; &lt; &lt;"],
    ["a character that XML does not allow: as it stands", "a &#27;[31m &#0; b", "a &#27;[31m &#0; b"],
    ["half a character: as it stands", "a &#xD83D; b", "a &#xD83D; b"],
    ["no character at all: as it stands", "a &#x110000; &#99999999999; b", "a &#x110000; &#99999999999; b"],
    ["an entity nobody has declared: as it stands", "a &file; b", "a &file; b"],
  ])("is read with %s", async (_, xml, text) => {
    expect(await reasonOf(xml)).toContain(`refused: ${text} (s:Sender)`);
  });
});
