// The canonical form and the kinds of authorities: authorities.md §1, §2.
// proves: core/src/authority/authority-url.ts, core/src/request/redirect-uri.ts
import { describe, expect, it } from "@jest/globals";
import {
  authorityForCloud,
  authorityUrl,
  type AuthorityKind,
} from "../../packages/core/src/authority/authority-url.js";
import { checkedRedirectUri } from "../../packages/core/src/request/redirect-uri.js";

describe("an authority URL has one canonical form", () => {
  const common = "https://login.microsoftonline.com/common/";
  it.each([
    ["https://login.microsoftonline.com/common", common],
    ["https://login.microsoftonline.com/common/", common],
    ["https://login.microsoftonline.com/common//", common],
    ["https://LOGIN.microsoftonline.COM/Common", common],
    ["  https://login.microsoftonline.com/common  ", common],
    ["https://login.microsoftonline.com:443/common", common],
    ["https://login.microsoftonline.com", common],
    ["https://login.microsoftonline.com/", common],
    ["https://login.microsoftonline.com/common?", common],
    ["https://login.windows.net/common", common],
    ["https://sts.windows.net/common", common],
    ["https://login.chinacloudapi.cn/T", "https://login.partner.microsoftonline.cn/t/"],
    ["https://login.usgovcloudapi.net/T", "https://login.microsoftonline.us/t/"],
    ["https://login.contoso.com:8443/T", "https://login.contoso.com:8443/t/"],
    ["https://contoso.ciamlogin.com", "https://contoso.ciamlogin.com/contoso.onmicrosoft.com/"],
    ["https://contoso.ciamlogin.com/T/V2.0", "https://contoso.ciamlogin.com/t/"],
    ["https://contoso.ciamlogin.com/v2.0", "https://contoso.ciamlogin.com/contoso.onmicrosoft.com/"],
    ["https://login.microsoftonline.com/common/v2.0", common],
    ["https://login.microsoftonline.com/Common/V2.0/", common],
    ["https://sts.windows.net/common/v2.0", common],
    ["https://login.contoso.com/T/v2.0", "https://login.contoso.com/t/"],
    [
      "https://c.b2clogin.com/tfp/C.onmicrosoft.com/B2C_1_X",
      "https://c.b2clogin.com/tfp/c.onmicrosoft.com/b2c_1_x/",
    ],
    ["https://fs.contoso.com/ADFS", "https://fs.contoso.com/adfs/"],
    ["http://localhost:3000/T", "http://localhost:3000/t/"],
  ])("%s: %s", (text, href) => {
    expect(authorityUrl(text, "AAD").href).toBe(href);
    expect(authorityUrl(href, "AAD").href).toBe(href);
  });

  it.each([
    ["https://IdP.Example/realms/Main", "https://idp.example/realms/Main/"],
    ["https://idp.example", "https://idp.example/"],
    ["https://idp.example/A%2FB/", "https://idp.example/A%2FB/"],
    ["http://[::1]:8080/Realm", "http://[::1]:8080/Realm/"],
    ["https://idp.example/realms/v2.0", "https://idp.example/realms/v2.0/"],
    ["https://login.windows.net/T", "https://login.microsoftonline.com/t/"],
  ])("in which the path of an OpenID Provider keeps its letters: %s: %s", (text, href) => {
    expect(authorityUrl(text, "OIDC").href).toBe(href);
  });
});

it.each<[string, "AAD" | "OIDC"]>([
  ["https://login.microsoftonline.com/a/../common", "AAD"],
  ["https://login.microsoftonline.com/a/%2e%2E/common", "AAD"],
  ["https://login.microsoftonline.com/./common", "AAD"],
  ["https://login.microsoftonline.com/a%2fb", "AAD"],
  ["https://login.microsoftonline.com/a@evil.example", "AAD"],
  ["https://login.microsoftonline.com\\@evil.example/t", "AAD"],
  ["https://login.microsoftonline.com/com\tmon", "AAD"],
  ["https://login.microsoftonline.com/{tenant}", "AAD"],
  ["https://fs.contoso.com/adfs/%61", "AAD"],
  ["https://idp.example/realms/..", "OIDC"],
  ["https://idp.example/realms\\Main", "OIDC"],
  ["https://idp.example/re\nalms", "OIDC"],
])("a path that reads otherwise than it works is refused: %j in %s mode", (text, mode) => {
  expect(() => authorityUrl(text, mode)).toThrow(expect.objectContaining({ errorCode: "url_parse_error" }));
});

it("a URL with letters beyond ASCII is one, however many URLs have been read before", () => {
  // After some thousand calls V8 takes another way through Node's parser.
  const refusals = new Map<string, number>();
  for (let count = 0; count < 20_000; count += 1) {
    try {
      authorityUrl(`https://bücher.example/adfs?${count}`, "AAD");
    } catch (error) {
      const message = String(error).replace(`?${count}`, "");
      refusals.set(message, (refusals.get(message) ?? 0) + 1);
    }
    checkedRedirectUri("https://bücher.example/zurück", "correlation");
  }
  // The same one each time: one assertion for all of them.
  expect([...refusals]).toEqual([[expect.stringContaining("must not have a query"), 20_000]]);
});

describe("an authority URL tells what kind of provider it names, which tenant, and which realm", () => {
  it.each<[string, "AAD" | "OIDC", AuthorityKind, string, string]>([
    ["https://login.microsoftonline.com/Contoso.com", "AAD", "entra", "contoso.com", "contoso.com"],
    ["https://login.microsoftonline.com/Contoso.com", "OIDC", "entra", "contoso.com", "contoso.com"],
    ["https://login.unknown.example/t/v2.0", "AAD", "entra", "t", "t"],
    ["https://contoso.ciamlogin.com", "AAD", "ciam", "contoso.onmicrosoft.com", "contoso.onmicrosoft.com"],
    ["https://contoso.ciamlogin.com.evil.example/adfsx", "AAD", "entra", "adfsx", "adfsx"],
    ["https://fs.contoso.com/adfs", "AAD", "adfs", "adfs", "adfs"],
    ["https://fs.contoso.com/adfs/oauth2", "AAD", "adfs", "adfs", "adfs"],
    ["https://fs.contoso.com/adfs2", "AAD", "entra", "adfs2", "adfs2"],
    ["https://contoso.ciamlogin.com/T", "OIDC", "oidc", "", "%54"],
    ["https://fs.contoso.com/adfs", "OIDC", "oidc", "", "adfs"],
    ["https://idp.example/realms/Main", "OIDC", "oidc", "", "realms/%4dain"],
    ["https://idp.example/realms/main", "OIDC", "oidc", "", "realms/main"],
    ["https://idp.example/realms/%4dain", "OIDC", "oidc", "", "realms/%254dain"],
    ["https://idp.example", "OIDC", "oidc", "", ""],
  ])("%s with %s: %s", (text, mode, kind, tenant, realm) => {
    expect(authorityUrl(text, mode)).toMatchObject({ kind, tenant, realm });
  });
});

describe("azureCloudOptions takes the place of the authority", () => {
  const authority = "https://login.microsoftonline.com/t";
  const us = "https://login.microsoftonline.us";
  it("with its tenant, or common", () => {
    expect(authorityForCloud(authority, { azureCloudInstance: us, tenant: "x" })).toBe(`${us}/x/`);
    expect(authorityForCloud(authority, { azureCloudInstance: us })).toBe(`${us}/common/`);
  });

  it("unless it names none", () => {
    expect(authorityForCloud(authority, undefined)).toBe(authority);
    expect(authorityForCloud(authority, { azureCloudInstance: "none", tenant: "x" })).toBe(authority);
  });
});
