// The official client SDK over real streamable HTTP, against a server of the official server SDK whose guard validates the
// local authority's tokens: with `createResourceFetch` as its `fetch`, and with the provider object of `@tessera/mcp`.
// proves: mcp/src/create-mcp-auth-provider.ts, mcp/src/index.ts
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { startLocalAuthority, type LocalAuthority } from "@tessera/local-authority";
import { createMcpAuthProvider, type McpAuthOptions } from "@tessera/mcp";
import { createResourceFetch, type ICachePlugin } from "@tessera/node";
import { hasChromium, launchChromium, typeCredentials } from "../support/chromium.js";
import { describeWith } from "../support/real-part.js";
import { filePlugin } from "../support/file-plugin.js";
import { signIn } from "../support/sign-in.js";
import { createTestClock } from "../support/test-clock.js";
import { startSdkServer, type SdkServer } from "./sdk-server.js";

const person = { username: "alice@contoso.example", password: "alice-password" };
const document = "https://agent.example/client.json";
const clock = createTestClock();
let authority: LocalAuthority;
let server: SdkServer;
let visits: string[] = [];
beforeAll(async () => {
  const described = { client_id: document, client_name: "An agent", redirect_uris: ["http://localhost"] };
  authority = await startLocalAuthority({
    http: true,
    clock: () => clock.now(),
    refreshTokenRotation: "strict",
    clientRegistration: { documents: { [document]: described } },
  });
  server = await startSdkServer(authority.issuer().replace("/v2.0", "/openid"), () => clock.now());
});
beforeEach(() => {
  visits = [];
  authority.clearRequests();
});
afterAll(async () => {
  await server.close();
  await authority.close();
});

/** A user without a browser who signs in and agrees. */
async function openBrowser(url: string): Promise<void> {
  visits.push(url);
  const back = await signIn(url, person);
  if (new URL(url).searchParams.get("response_mode") !== "form_post") return void (await fetch(back));
  const body = new URLSearchParams(back.search);
  await fetch(`${back.origin}${back.pathname}`, { method: "POST", body });
}

/** What `fetch` and the provider object have in common. */
type Transport = (options: McpAuthOptions) => StreamableHTTPClientTransport;
const ways: Readonly<Record<string, Transport>> = {
  "createResourceFetch as fetch": ({ serverUrl, ...options }) =>
    new StreamableHTTPClientTransport(new URL(serverUrl), { fetch: createResourceFetch(options) }),
  "createMcpAuthProvider's fetch": (options) =>
    new StreamableHTTPClientTransport(new URL(options.serverUrl), {
      fetch: createMcpAuthProvider(options).fetch,
    }),
  "createMcpAuthProvider's authProvider": (options) =>
    new StreamableHTTPClientTransport(new URL(options.serverUrl), {
      authProvider: createMcpAuthProvider(options).authProvider,
    }),
};

/** Connects, as a program does when it starts, and returns what calls the tool. */
async function started(transportOf: Transport, cachePlugin: ICachePlugin, opener = openBrowser) {
  const transport = transportOf({
    serverUrl: server.url,
    client: { metadataUrl: document },
    cache: { cachePlugin },
    openBrowser: opener,
    system: { clock, proxy: false },
  });
  const client = new Client({ name: "an-agent", version: "1.0.0" });
  await client.connect(transport);
  const call = async () => {
    const { content } = await client.callTool({ name: "who", arguments: {} });
    return content;
  };
  return { call, close: () => client.close() };
}

const answer = [{ type: "text", text: document }];
const tokenRequests = () => authority.requests.filter(({ endpoint }) => endpoint === "token");

describe.each(Object.entries(ways))("%s", (_, transportOf) => {
  test("signs in once, and not again after a restart", async () => {
    const file = { text: "" };
    const first = await started(transportOf, filePlugin(file));
    expect(await first.call()).toEqual(answer);
    await first.close();
    const second = await started(transportOf, filePlugin(file));
    expect(await second.call()).toEqual(answer);
    await second.close();
    expect(visits).toHaveLength(1);
    expect(tokenRequests()).toHaveLength(1);
  });

  test("refreshes once for eight callers of two programs when the token has expired", async () => {
    const file = filePlugin({ text: "" });
    const programs = [await started(transportOf, file), await started(transportOf, file)];
    authority.clearRequests();
    clock.advance(4000);
    const calls = programs.flatMap(({ call }) => [call(), call(), call(), call()]);
    expect(await Promise.all(calls)).toEqual(Array(8).fill(answer));
    expect(tokenRequests().map(({ form, status }) => [form["grant_type"], status])).toEqual([
      ["refresh_token", 200],
    ]);
    expect(visits).toHaveLength(1);
    await Promise.all(programs.map(({ close }) => close()));
  });

  test("replaces a token that the server no longer accepts, once for eight callers", async () => {
    const file = filePlugin({ text: "" });
    const program = await started(transportOf, file);
    await program.call();
    clock.advance(120);
    await program.call();
    authority.clearRequests();
    server.refuse([...server.accepted].at(-1) ?? "");
    const calls = Array.from({ length: 8 }, () => program.call());
    expect(await Promise.all(calls)).toEqual(Array(8).fill(answer));
    expect(tokenRequests()).toHaveLength(1);
    expect(visits).toHaveLength(1);
    await program.close();
  });
});

describeWith("Chromium", hasChromium, () => {
  test("a user signs in in Chromium", async () => {
    const chromium = await launchChromium();
    const user = await chromium.user();
    const opener = async (url: string) => {
      visits.push(url);
      await user.page.goto(url);
      await typeCredentials(user.page, person);
      await user.page.getByRole("button", { name: /accept/i }).click();
    };
    const program = await started(
      ways["createResourceFetch as fetch"] as Transport,
      filePlugin({ text: "" }),
      opener,
    );
    expect(await program.call()).toEqual(answer);
    expect(visits).toHaveLength(1);
    await program.close();
    await chromium.close();
  });
});
