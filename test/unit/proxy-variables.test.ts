// Which proxy the environment names, as people write the variables.
// proves: node/src/http/proxy-variables.ts, core/src/http/private-host.ts
import { describe, expect, it } from "@jest/globals";
import { isInBlock } from "../../packages/core/src/http/private-host.js";
import { proxyOf } from "../../packages/node/src/http/proxy-variables.js";

type Variables = Readonly<Record<string, string>>;

const proxy = "http://proxy.example:8080";
const other = "http://other.example:8080";
const host = "https://login.example/token";

describe("the proxy for https://login.example", () => {
  const named: readonly (readonly [string, Variables, string | undefined])[] = [
    ["none is set", {}, undefined],
    ["HTTPS_PROXY", { HTTPS_PROXY: proxy }, proxy],
    ["https_proxy", { https_proxy: proxy }, proxy],
    ["HTTP_PROXY alone", { HTTP_PROXY: proxy }, proxy],
    ["ALL_PROXY alone", { ALL_PROXY: proxy }, proxy],
    ["all_proxy alone", { all_proxy: proxy }, proxy],
    ["HTTPS_PROXY beside the others", { HTTPS_PROXY: proxy, ALL_PROXY: other, HTTP_PROXY: other }, proxy],
    ["ALL_PROXY beside HTTP_PROXY", { ALL_PROXY: proxy, HTTP_PROXY: other }, proxy],
    ["the lower case beside the upper", { https_proxy: proxy, HTTPS_PROXY: other }, proxy],
    ["an empty https_proxy hides nothing", { https_proxy: "", HTTPS_PROXY: proxy }, proxy],
    ["an empty http_proxy hides nothing", { http_proxy: "", HTTP_PROXY: proxy }, proxy],
    ["spaces are as good as empty", { https_proxy: "  ", HTTPS_PROXY: proxy }, proxy],
    ["spaces around it", { HTTPS_PROXY: ` ${proxy} ` }, proxy],
    ["without a scheme", { HTTPS_PROXY: "proxy.example:8080" }, proxy],
    ["without a scheme and port", { HTTPS_PROXY: "proxy.example" }, "http://proxy.example"],
    ["an address without a scheme", { HTTPS_PROXY: "10.0.0.1:3128" }, "http://10.0.0.1:3128"],
    [
      "with user, without a scheme",
      { HTTPS_PROXY: "ada:secret@proxy.example:8080" },
      "http://ada:secret@proxy.example:8080",
    ],
    ["with slashes, without a scheme", { HTTPS_PROXY: "//proxy.example:8080" }, proxy],
    ["over https", { HTTPS_PROXY: "https://proxy.example" }, "https://proxy.example"],
    ["a scheme in capitals", { HTTPS_PROXY: "HTTP://proxy.example:8080" }, "HTTP://proxy.example:8080"],
  ];
  it.each(named)("%s", (_, variables, expected) => {
    expect(proxyOf(new URL(host), variables)).toBe(expected);
  });

  it.each([
    ["HTTPS_PROXY", "socks5://ada:hunter2@proxy.example"],
    ["https_proxy", "http://ada:hunter2@"],
    ["HTTP_PROXY", "ada hunter2"],
    ["ALL_PROXY", "socks://ada:hunter2@proxy.example"],
    ["all_proxy", "ftp://ada:hunter2@proxy.example"],
  ])("an unusable %s is named, and its value is not", (name, value) => {
    expect(() => proxyOf(new URL(host), { [name]: value })).toThrow(
      expect.objectContaining({
        errorCode: "invalid_option",
        errorMessage: expect.stringMatching(new RegExp(`^The environment variable ${name} is not an http`)),
      }),
    );
    expect(() => proxyOf(new URL(host), { [name]: value })).not.toThrow(/hunter2/);
  });

  it("plain http takes HTTP_PROXY and ALL_PROXY, and not HTTPS_PROXY", () => {
    const url = new URL("http://login.example");
    expect(proxyOf(url, { HTTPS_PROXY: other })).toBeUndefined();
    expect(proxyOf(url, { HTTPS_PROXY: other, HTTP_PROXY: proxy, ALL_PROXY: other })).toBe(proxy);
    expect(proxyOf(url, { ALL_PROXY: proxy })).toBe(proxy);
  });
});

const exempt: readonly (readonly [noProxy: string, url: string])[] = [
  ["*", host],
  ["login.example", host],
  ["LOGIN.Example", host],
  ["other.example, login.example", host],
  [" login.example ", host],
  ["other.example login.example", host],
  ["a.example,,login.example", host],
  ["login.example.", host],
  ["login.example", "https://login.example./"],
  [".example", host],
  ["*.example", host],
  ["example", host],
  [".login.example", host],
  ["login.example:443", host],
  ["login.example:8443", "https://login.example:8443"],
  ["login.example:80", "http://login.example"],
  ["10.1.2.3", "https://10.1.2.3"],
  ["10.0.0.0/8", "https://10.1.2.3"],
  ["192.168.0.0/16,10.1.2.0/30", "https://10.1.2.3"],
  ["10.1.2.3/32", "https://10.1.2.3:8443"],
  ["0.0.0.0/0", "https://203.0.113.7"],
  ["fd00::/8", "https://[fd12::1]"],
  ["FD00::/8", "https://[fd12::1]"],
  ["[fd00::]/8", "https://[fd12::1]"],
  ["fd12::1", "https://[fd12::1]"],
  ["fd12:0:0::1", "https://[fd12::1]"],
  ["[fd12::1]", "https://[fd12::1]:8443"],
  ["[fd12::1]:8443", "https://[fd12::1]:8443"],
];
const proxied: readonly (readonly [noProxy: string, url: string])[] = [
  ["", host],
  [",", host],
  ["xlogin.example", host],
  ["ogin.example", host],
  ["login.example.org", host],
  ["a.login.example", host],
  ["login.example:8443", host],
  ["login.example:443", "https://login.example:8443"],
  ["10.0.0.0/8", "https://11.1.2.3"],
  ["10.0.0.0/8", "https://10.example"],
  ["10.1.2.0/31", "https://10.1.2.3"],
  ["10.0.0.0/33", "https://10.1.2.3"],
  ["10.0.0.0/", "https://10.1.2.3"],
  ["10.0.0.0/x", "https://10.1.2.3"],
  ["10.0/8", "https://10.1.2.3"],
  ["/8", "https://10.1.2.3"],
  ["login.example/8", host],
  ["zz::/0", "https://[fd12::1]"],
  ["fd00::/8", "https://[fe12::1]"],
  ["fd00::/129", "https://[fd12::1]"],
  ["fd12::2", "https://[fd12::1]"],
  ["[fd12::1]:8443", "https://[fd12::1]"],
];

describe.each(["NO_PROXY", "no_proxy"])("%s", (name) => {
  it.each(exempt)("%j exempts %s", (noProxy, url) => {
    expect(proxyOf(new URL(url), { HTTPS_PROXY: proxy, HTTP_PROXY: proxy, [name]: noProxy })).toBeUndefined();
  });

  it.each(proxied)("%j does not exempt %s", (noProxy, url) => {
    expect(proxyOf(new URL(url), { HTTPS_PROXY: proxy, HTTP_PROXY: proxy, [name]: noProxy })).toBe(proxy);
  });
});

it("an empty no_proxy does not hide NO_PROXY", () => {
  expect(
    proxyOf(new URL(host), { HTTPS_PROXY: proxy, no_proxy: "", NO_PROXY: "login.example" }),
  ).toBeUndefined();
});

it("an IPv4-mapped address is in the blocks of its IPv4 address, and a name is in none", () => {
  expect(isInBlock("[::ffff:a01:203]", "10.0.0.0/8")).toBe(true);
  expect(isInBlock("[::ffff:b01:203]", "10.0.0.0/8")).toBe(false);
  expect(isInBlock("10.1.2.3", "::/0")).toBe(true);
  expect(isInBlock("10.example", "0.0.0.0/0")).toBe(false);
});
