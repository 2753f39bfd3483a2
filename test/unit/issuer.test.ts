// Which issuer an ID token may name: authorities.md §7. (Issuers of discovery documents: flows/trusted-endpoints.)
// proves: core/src/authority/issuer.ts, core/src/authority/clouds.ts, core/src/authority/tenant-name.ts
import { describe, expect, it } from "@jest/globals";
import { authorityUrl } from "../../packages/core/src/authority/authority-url.js";
import { knownCloud, selfCloud } from "../../packages/core/src/authority/clouds.js";
import { idTokenIssuerMatches } from "../../packages/core/src/authority/issuer.js";
import { isGuid } from "../../packages/core/src/authority/tenant-name.js";

const home = "11111111-aaaa-4aaa-8aaa-111111111111";
const other = "22222222-bbbb-4bbb-8bbb-222222222222";
const entra = "https://login.microsoftonline.com";
const template = `${entra}/{tenantid}/v2.0`;

interface Case {
  readonly authority: string;
  readonly iss: string;
  readonly tid?: unknown;
  /** Issuer of the discovery document; Entra's by default. */
  readonly document?: string;
  readonly mode?: "OIDC";
}

function matches({ authority, iss, tid, document = template, mode }: Case): boolean {
  const url = authorityUrl(authority, mode ?? "AAD");
  const cloud = knownCloud(url.host) ?? selfCloud(url.host);
  const metadata = { issuer: document, authorization_endpoint: "", token_endpoint: "", jwks_uri: "" };
  return idTokenIssuerMatches({ url, cloud, metadata }, { iss, tid });
}

describe("an ID token's issuer is accepted", () => {
  it.each<[string, Case]>([
    ["of the tenant", { authority: `${entra}/${home}`, iss: `${entra}/${home}/v2.0`, tid: home }],
    [
      "of the tenant, in capitals",
      { authority: `${entra}/${home.toUpperCase()}`, iss: `${entra}/${home}/v2.0`, tid: home },
    ],
    [
      "of the tenant that a domain stands for",
      { authority: `${entra}/contoso.com`, iss: `${entra}/${home}/v2.0`, tid: home },
    ],
    ["of any tenant, at common", { authority: `${entra}/common`, iss: `${entra}/${other}/v2.0`, tid: other }],
    [
      "of any tenant, at organizations",
      { authority: `${entra}/organizations`, iss: `${entra}/${other}/v2.0`, tid: other },
    ],
    [
      "under another name of the cloud",
      { authority: `${entra}/${home}`, iss: `https://login.windows.net/${home}/v2.0`, tid: home },
    ],
    ["of v1.0 tokens", { authority: `${entra}/${home}`, iss: `https://sts.windows.net/${home}/`, tid: home }],
    [
      "as the document says",
      { authority: `${entra}/${home}`, iss: "https://x.example/", document: "https://x.example/" },
    ],
    [
      "as an OpenID Provider's document says",
      {
        authority: "https://i.example/R",
        iss: "https://i.example/R",
        document: "https://i.example/R",
        mode: "OIDC",
      },
    ],
  ])("%s", (_, row) => {
    expect(matches(row)).toBe(true);
  });
});

describe("an ID token's issuer is refused", () => {
  const oidc = { authority: "https://i.example/R", document: "https://i.example/R", mode: "OIDC" } as const;
  it.each<[string, Case]>([
    [
      "of another tenant than the authority's",
      { authority: `${entra}/${home}`, iss: `${entra}/${other}/v2.0`, tid: other },
    ],
    [
      "of another tenant, v1.0",
      { authority: `${entra}/${home}`, iss: `https://sts.windows.net/${other}/`, tid: other },
    ],
    [
      "of the tenant with another tid",
      { authority: `${entra}/${home}`, iss: `${entra}/${home}/v2.0`, tid: other },
    ],
    [
      "of another tenant with the right tid",
      { authority: `${entra}/${home}`, iss: `${entra}/${other}/v2.0`, tid: home },
    ],
    [
      "at common, with another tid",
      { authority: `${entra}/common`, iss: `${entra}/${home}/v2.0`, tid: other },
    ],
    ["at common, without tid", { authority: `${entra}/common`, iss: `${entra}/${home}/v2.0` }],
    [
      "at common, with a tid that is no text",
      { authority: `${entra}/common`, iss: `${entra}/${home}/v2.0`, tid: [home] },
    ],
    ["that is the document's text with its placeholder", { authority: `${entra}/common`, iss: template }],
    [
      "of another cloud",
      { authority: `${entra}/${home}`, iss: `https://login.microsoftonline.us/${home}/v2.0`, tid: home },
    ],
    ["of a stranger", { authority: `${entra}/${home}`, iss: `https://evil.example/${home}/v2.0`, tid: home }],
    [
      "in clear",
      { authority: `${entra}/${home}`, iss: `http://login.microsoftonline.com/${home}/v2.0`, tid: home },
    ],
    ["with something behind it", { authority: `${entra}/${home}`, iss: `${entra}/${home}/v2.0/`, tid: home }],
    [
      "with a tid made to fit",
      { authority: `${entra}/common`, iss: "https://sts.windows.net/x/y/", tid: "x/../y" },
    ],
    ["of an OpenID Provider, with a slash more", { ...oidc, iss: "https://i.example/R/" }],
    ["of an OpenID Provider, in other letters", { ...oidc, iss: "https://i.example/r" }],
    [
      "of an OpenID Provider, by Entra's rule",
      { ...oidc, iss: `https://sts.windows.net/${home}/`, tid: home },
    ],
  ])("%s", (_, row) => {
    expect(matches(row)).toBe(false);
  });
});

it.each([
  [home, true],
  [home.toUpperCase(), true],
  ["contoso.com", false],
  ["common", false],
  [`${home}0`, false],
  [`x${home}`, false],
  ["", false],
])("%p is a tenant id: %p", (text, expected) => {
  expect(isGuid(text)).toBe(expected);
});
