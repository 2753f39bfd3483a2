// An authority that cannot be one is refused in the constructor.
import { describe, it } from "@jest/globals";
import { expectConfigurationError, refusal, type Mistake } from "./refusal.js";

const [empty, noUrl, insecure] = ["empty_url_error", "url_parse_error", "authority_uri_insecure"];
const tooMuch = /must not have a query, fragment or user name: use/;

const mistakes: readonly Mistake[] = [
  ["an empty authority", { authority: "" }, empty, /authority is empty: use an absolute https URL/],
  ["a blank authority", { authority: "  " }, empty, /authority is empty/],
  ["a number as authority", { authority: 42 }, empty, /authority/],
  ["a word as authority", { authority: "contoso" }, noUrl, /authority "contoso" is not a URL: use/],
  ["a host as authority", { authority: "login.microsoftonline.com/common" }, noUrl, /is not a URL/],
  [
    "an authority in clear",
    { authority: "http://idp.example/" },
    insecure,
    /"http:\/\/idp.example\/" .* use https/,
  ],
  ["an authority in clear at a private address", { authority: "http://10.0.0.1/" }, insecure, /use https/],
  [
    "a host that begins like loopback",
    { authority: "http://127.0.0.1.evil.example/" },
    insecure,
    /use https/,
  ],
  [
    "a host that begins like localhost",
    { authority: "http://localhost.evil.example/" },
    insecure,
    /use https/,
  ],
  ["localhost as user name", { authority: "http://localhost@evil.example/" }, insecure, /use https/],
  ["a password in clear", { authority: "http://ada:hunter2@idp.example/" }, insecure, /use https/],
  ["a key in clear", { authority: "http://idp.example/?key=hunter2" }, insecure, /use https/],
  ["a password", { authority: "https://ada:hunter2@idp.example/t" }, noUrl, tooMuch],
  ["a password and no URL", { authority: "https://ada:hunter2@idp example/" }, noUrl, /not a URL/],
  ["a file as authority", { authority: "file:///etc/passwd" }, insecure, /use https/],
  ["an authority with a query", { authority: "https://idp.example/t?key=hunter2" }, noUrl, tooMuch],
  ["an authority with a fragment", { authority: "https://idp.example/t#x" }, noUrl, tooMuch],
  ["an OIDC authority in clear", { oidcAuthority: "http://idp.example/" }, insecure, /use https/],
  ["an OIDC authority with a query", { oidcAuthority: "https://idp.example/?a=1" }, noUrl, tooMuch],
  ["an empty OIDC authority", { oidcAuthority: "" }, empty, /authority is empty/],
  [
    "two authorities",
    { authority: "https://a.example", oidcAuthority: "https://b.example" },
    "invalid_option",
    /^auth\.oidcAuthority is set as well as auth\.authority: set only one/,
  ],
  ["a cloud nobody knows", { azureCloudOptions: { azureCloudInstance: "AzureMoon" } }, noUrl, /AzureMoon/],
];

describe.each(["public", "confidential"] as const)("a %s client is refused", (kind) => {
  it.each(mistakes)("with %s", (_, auth, errorCode, says) => {
    expectConfigurationError(refusal(kind, auth), errorCode, says);
  });
});
