// What a person reads who starts the authority or opens its address: who can sign in, and to what.
// proves: local-authority/src/cli-summary.ts, local-authority/src/endpoints/home.ts, local-authority/src/pages/home.ts,
// local-authority/src/pages/notice.ts
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import { summary } from "../../packages/local-authority/src/cli-summary.js";
import { get } from "./requests.js";

let authority: LocalAuthority;
beforeAll(async () => {
  authority = await startLocalAuthority();
});
afterAll(() => authority.close());

const everybody = () => authority.config.tenants.flatMap(({ users }) => users);
const everything = () => authority.config.tenants.flatMap(({ apps }) => apps);

it("a terminal shows the address, every user with the password, every app, and where the certificate is", () => {
  const text = summary(authority.url, authority.config, "/tmp/ca.pem");
  expect(text).toMatch(new RegExp(`^Listening at ${authority.url}\nCA certificate: /tmp/ca\\.pem\n`));
  for (const { username, password } of everybody())
    expect(text).toContain(`${username}, password ${password}`);
  for (const { name, clientId } of everything()) expect(text).toContain(`${name}, client ID ${clientId}`);
  expect(text).not.toContain("{");
  expect(summary(authority.url, authority.config)).toContain("pass --ca-file FILE to write it");
  expect(summary("http://localhost:1", authority.config)).not.toContain("certificate");
});

it("a browser that opens the address sees the same; a program gets the endpoints", async () => {
  const { status, text, headers } = await get(authority, "/", { accept: "text/html,*/*" });
  expect(status).toBe(200);
  expect(headers["content-security-policy"]).toContain("default-src 'none'");
  for (const { username } of everybody()) expect(text).toContain(username);
  for (const { clientId } of everything()) expect(text).toContain(clientId);
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
