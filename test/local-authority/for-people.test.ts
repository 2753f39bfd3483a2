// What a person reads who opens an address of the authority.
// proves: local-authority/src/pages/notice.ts
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import { get } from "./requests.js";

let authority: LocalAuthority;
beforeAll(async () => {
  authority = await startLocalAuthority();
});
afterAll(() => authority.close());

const everything = () => authority.config.tenants.flatMap(({ apps }) => apps);

it("a browser that opens the address gets the console; a program gets the endpoints", async () => {
  const { status, text, headers } = await get(authority, "/", { accept: "text/html,*/*" });
  expect(status).toBe(200);
  expect(text).toContain("<title>Tessera local authority</title>");
  expect(headers["content-security-policy"]).toContain("default-src 'none'");
  expect(await get(authority, "/")).toMatchObject({ status: 404, json: { error: "not_found" } });
});

it.each([
  ["50011", "redirectUris of this app", { redirect_uri: "https://elsewhere.example/" }],
  ["700016", "apps of the tenant", { client_id: "nobody" }],
])(
  "the page of AADSTS%s says what to change here, and has the trace in small print",
  async (code, says, over) => {
    const [app] = everything();
    const query = new URLSearchParams({ client_id: app?.clientId ?? "", response_type: "code", ...over });
    const [tenant] = authority.config.tenants;
    const { text } = await get(authority, `/${tenant?.id}/oauth2/v2.0/authorize?${query.toString()}`);
    expect(text).toMatch(new RegExp(`<p role="alert">AADSTS${code}: .*</p>\\s*<p>Here, [^<]*${says}`));
    if (code === "50011")
      expect(text).toContain('<a href="https://aka.ms/redirectUriMismatchError" rel="noreferrer">');
    expect(text).not.toContain('href="https://elsewhere');
    expect(text).toMatch(/<small>Trace ID: \S+ Correlation ID: \S+ Timestamp: [^<]*<\/small>/);
    expect(text.match(/Trace ID/g)).toHaveLength(1);
  },
);
