// proves: local-authority/src/endpoints/ws-trust.ts, local-authority/src/federation/audience.ts,
// local-authority/src/federation/metadata-exchange.ts, local-authority/src/federation/namespaces.ts,
// local-authority/src/federation/saml-assertion.ts, local-authority/src/federation/security-token-request.ts,
// local-authority/src/federation/soap.ts, local-authority/src/federation/xml.ts,
// local-authority/src/grants/saml-bearer.ts
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import {
  LocalAuthorityConfigurationError,
  startLocalAuthority,
  type App,
  type LocalAuthority,
  type Tenant,
} from "@tessera/local-authority";
import { XMLParser } from "fast-xml-parser";
import { decodeJwt } from "jose";
import { createTestClock } from "../support/test-clock.js";
import { get, post, postText, type Answer } from "./requests.js";

const username = "grace@corp.contoso.example";
const password = `<p&ss> "wörd✓" `;
const clock = createTestClock();
const trust = {
  "2005": "http://schemas.xmlsoap.org/ws/2005/02/trust",
  "13": "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
} as const;
const grant = {
  "1.1": "urn:ietf:params:oauth:grant-type:saml1_1-bearer",
  "2.0": "urn:ietf:params:oauth:grant-type:saml2-bearer",
} as const;

let authority: LocalAuthority;
let other: LocalAuthority;
let tenant: Tenant;
let desktop: App;

const federation = { domain: "corp.contoso.example", users: [{ username, password }] };
beforeAll(async () => {
  const tenants = [{ domain: "contoso.example", federation: { ...federation, samlVersion: "2.0" as const } }];
  authority = await startLocalAuthority({ clock: () => clock.now(), tenants });
  other = await startLocalAuthority({ clock: () => clock.now(), tenants });
  [tenant] = authority.config.tenants as [Tenant];
  [, desktop] = tenant.apps as [App, App];
});
afterAll(async () => {
  await authority.close();
  await other.close();
});

interface Message {
  readonly version: "2005" | "13";
  readonly username: string;
  readonly password: string;
  readonly appliesTo: string;
  readonly created: number;
  readonly expires: number;
  readonly requestType: string;
  readonly tokenType?: string;
}

const escape = (text: string) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/ö/g, "&#xF6;");

function envelope(over: Partial<Message> = {}): string {
  const version = over.version ?? "13";
  const now = clock.now() / 1000;
  const message: Message = {
    version,
    username,
    password,
    appliesTo: "urn:federation:MicrosoftOnline",
    created: now,
    expires: now + 600,
    requestType: `${trust[version]}/Issue`,
    ...over,
  };
  const time = (seconds: number) => new Date(seconds * 1000).toISOString();
  return `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:a="http://www.w3.org/2005/08/addressing" xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd">
  <s:Header><a:MessageID>urn:uuid:1</a:MessageID>
    <Security s:mustUnderstand="1" xmlns="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">
      <u:Timestamp><u:Created>${time(message.created)}</u:Created><u:Expires>${time(message.expires)}</u:Expires></u:Timestamp>
      <UsernameToken><Username>${escape(message.username)}</Username><Password>${escape(message.password)}</Password></UsernameToken>
    </Security></s:Header>
  <s:Body><t:RequestSecurityToken xmlns:t="${trust[message.version]}">
    <p:AppliesTo xmlns:p="http://schemas.xmlsoap.org/ws/2004/09/policy"><a:EndpointReference><a:Address>${message.appliesTo}</a:Address></a:EndpointReference></p:AppliesTo>
    <t:RequestType>${message.requestType}</t:RequestType>${message.tokenType ? `<t:TokenType>${message.tokenType}</t:TokenType>` : ""}
  </t:RequestSecurityToken></s:Body></s:Envelope>`;
}

const ask = (body: string, version: "2005" | "13" = "13", at = authority): Promise<Answer> =>
  postText(at, `/adfs/services/trust/${version}/usernamemixed`, body, {
    "content-type": "application/soap+xml; charset=utf-8",
  });

const assertionIn = ({ text }: Answer) => /<saml:Assertion .*<\/saml:Assertion>/s.exec(text)?.[0] ?? "";

const redeem = (assertion: string, version: "1.1" | "2.0", fields: Record<string, string> = {}) =>
  post(authority, `/${tenant.id}/oauth2/v2.0/token`, {
    grant_type: grant[version],
    client_id: desktop.clientId,
    scope: "openid profile offline_access User.Read",
    assertion: Buffer.from(assertion).toString("base64url"),
    ...fields,
  });

describe("the metadata", () => {
  // parity: Devices and passwords | User realm, metadata exchange and WS-Trust with a password for federated users | entra same, adfs same
  it("are a WSDL document whose ports lead to both endpoints for a password", async () => {
    const { status, headers, text } = await get(authority, "/adfs/services/trust/mex");
    expect(status).toBe(200);
    expect(headers["content-type"]).toContain("application/soap+xml");
    const document = new XMLParser({ ignoreAttributes: false }).parse(text) as Record<string, never>;
    const { "wsdl:service": service, "wsp:Policy": policies } = document["wsdl:definitions"] as never;
    const ports = (service as Record<string, Record<string, string>[]>)["wsdl:port"] ?? [];
    const addressOf = (name: string) =>
      (ports.find((port) => port["@_binding"] === `tns:${name}`)?.["wsa10:EndpointReference"] as never)?.[
        "wsa10:Address"
      ];
    expect(addressOf("UserNameWSTrustBinding_IWSTrustFeb2005Async")).toBe(
      `${authority.url}/adfs/services/trust/2005/usernamemixed`,
    );
    expect(addressOf("UserNameWSTrustBinding_IWSTrust13Async")).toBe(
      `${authority.url}/adfs/services/trust/13/usernamemixed`,
    );
    expect((policies as Record<string, string>[]).map((policy) => policy["@_wsu:Id"])).toEqual(
      ports.map((port) => `${port["@_name"]}_policy`),
    );
  });
});

describe("a right password", () => {
  it.each([
    ["2005", "1.1", undefined],
    ["13", "2.0", undefined],
    ["13", "1.1", "urn:oasis:names:tc:SAML:1.0:assertion"],
    ["2005", "2.0", "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0"],
  ] as const)(
    "is worth, at WS-Trust %s, a SAML %s assertion that Entra takes",
    async (version, saml, tokenType) => {
      const answer = await ask(envelope({ version, tokenType }), version);
      expect(answer.status).toBe(200);
      expect(answer.text).toContain("<a:RelatesTo>urn:uuid:1</a:RelatesTo>");
      const { status, json } = await redeem(assertionIn(answer), saml);
      expect(status).toBe(200);
      expect(decodeJwt(String(json["id_token"]))).toMatchObject({
        preferred_username: username,
        tid: tenant.id,
        oid: tenant.federation?.users[0]?.oid,
      });
    },
  );
});

describe("a fault", () => {
  const now = () => clock.now() / 1000;
  const faults: readonly [string, () => string, string][] = [
    ["a wrong password", () => envelope({ password: "wrong" }), "FailedAuthentication"],
    ["a nobody", () => envelope({ username: "x@corp.contoso.example" }), "FailedAuthentication"],
    [
      "a managed user",
      () => envelope({ username: "alice@contoso.example", password: "alice-password" }),
      "FailedAuthentication",
    ],
    ["another relying party", () => envelope({ appliesTo: "urn:other" }), "InvalidScope"],
    ["an old message", () => envelope({ created: now() - 1200, expires: now() - 600 }), "MessageExpired"],
    [
      "a message of tomorrow",
      () => envelope({ created: now() + 600, expires: now() + 900 }),
      "MessageExpired",
    ],
    ["another request", () => envelope({ requestType: `${trust["13"]}/Renew` }), "InvalidRequest"],
    ["the other version", () => envelope({ version: "2005" }), "InvalidRequest"],
    ["no password", () => envelope().replace(/<Password>.*<\/Password>/, ""), "InvalidSecurity"],
    ["no timestamp", () => envelope().replace(/<u:Timestamp>.*<\/u:Timestamp>/, ""), "InvalidSecurity"],
    [
      "a document type",
      () => `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${envelope()}`,
      "InvalidRequest",
    ],
    ["an envelope of SOAP 1.1", () => envelope().replace("2003/05", "2001/12"), "InvalidRequest"],
    ["no XML", () => "username=grace", "InvalidRequest"],
    ["nothing", () => "", "InvalidRequest"],
  ];
  // parity: Devices and passwords | The faults of WS-Trust | adfs same
  it.each(faults)("answers %s, with HTTP 500", async (_, message, code) => {
    const answer = await ask(message());
    expect(answer.status).toBe(500);
    const { "s:Envelope": soap } = new XMLParser().parse(answer.text) as never;
    const fault = (soap as Record<string, Record<string, Record<string, never>>>)["s:Body"]?.["s:Fault"];
    expect(fault?.["s:Code"]?.["s:Subcode"]?.["s:Value"]).toBe(`f:${code}`);
    expect(String(fault?.["s:Reason"]?.["s:Text"])).not.toContain(password);
  });

  it("does not say whether the name, the password or the account was wrong", async () => {
    authority.disableUser(username);
    const answers = [
      envelope(),
      envelope({ password: "wrong" }),
      envelope({ username: "x@corp.contoso.example" }),
    ];
    const reasons = await Promise.all(
      answers.map(async (message) => /<s:Text.*<\/s:Text>/.exec((await ask(message)).text)?.[0]),
    );
    authority.disableUser(username, false);
    expect(new Set(reasons).size).toBe(1);
    expect(reasons[0]).toContain("ID3242");
  });
});

describe("an assertion is refused", () => {
  const changes: readonly [string, (assertion: string) => string | Promise<string>][] = [
    ["with another name in it", (text) => text.replaceAll(username, "alice@contoso.example")],
    ["that lives longer", (text) => text.replaceAll('NotOnOrAfter="2', 'NotOnOrAfter="3')],
    ["without its signature", (text) => text.replace(/<ds:Signature .*<\/ds:Signature>/s, "")],
    ["with another digest", (text) => text.replace(/DigestValue>./, "DigestValue>_")],
    ["with another signature value", (text) => text.replace(/SignatureValue>..../, "SignatureValue>AAAA")],
    ["inside something else", (text) => `<x>${text}</x>`],
    ["followed by another", (text) => text + text],
    ["with a comment in it", (text) => text.replace("<saml:Issuer>", "<saml:Issuer><!-- -->")],
    ["from another authority", async () => assertionIn(await ask(envelope(), "13", other))],
    ["that is none", () => "<saml:Assertion/>"],
    ["that is nothing at all", () => "x"],
  ];
  it.each(changes)("%s", async (_, change) => {
    const assertion = await change(assertionIn(await ask(envelope())));
    expect((await redeem(assertion, "2.0")).json).toMatchObject({
      error: "invalid_grant",
      error_codes: [50008],
    });
  });

  it("under the grant of the other version, and after an hour", async () => {
    const assertion = assertionIn(await ask(envelope()));
    expect((await redeem(assertion, "1.1")).json).toMatchObject({ error_codes: [50008] });
    clock.advance(3599);
    expect((await redeem(assertion, "2.0")).status).toBe(200);
    clock.advance(1);
    expect((await redeem(assertion, "2.0")).json).toMatchObject({ error_codes: [50008] });
  });

  it("when there is none", async () => {
    expect((await redeem("", "2.0")).json).toMatchObject({ error_codes: [900144] });
  });
});

describe("configuration", () => {
  it.each([
    ["the tenant's own domain", { domain: "contoso.example" }, /contoso\.example/],
    ["no domain", { domain: "corp" }, /federation\.domain/],
    [
      "a user of another domain",
      { ...federation, users: [{ username: "x@y.example" }] },
      /users\[0\]\.username/,
    ],
    ["an unknown SAML version", { ...federation, samlVersion: "3.0" as "2.0" }, /samlVersion/],
  ])("refuses %s", async (_, federated, message) => {
    const start = startLocalAuthority({ tenants: [{ domain: "contoso.example", federation: federated }] });
    await expect(start).rejects.toThrow(LocalAuthorityConfigurationError);
    await expect(start).rejects.toThrow(message);
  });
});
