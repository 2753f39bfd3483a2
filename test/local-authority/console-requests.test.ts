// Each request as it arrives: explained, tokens taken apart, and no secret that could be used.
// proves: local-authority/src/console/requests.ts, local-authority/src/console/describe-request.ts,
// local-authority/src/console/describe-token.ts, local-authority/src/console/notes.ts,
// local-authority/src/console/secrets.ts, local-authority/src/http/journal.ts
import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { startLocalAuthority, type LocalAuthority, type RecordedRequest } from "@tessera/local-authority";
import { decodeJwt } from "jose";
import { timeInWords } from "../../packages/local-authority/src/console/describe-token.js";
import { shortenBody, shortenValue } from "../../packages/local-authority/src/console/secrets.js";
import { createJournal } from "../../packages/local-authority/src/http/journal.js";
import { requestSamples } from "./console-samples.js";
import { consoleCall } from "./console-requests-to.js";
import { get, post, postText } from "./requests.js";

const web = "c0c0c0c0-0000-4000-8000-0000000000a1";
const desktop = "c0c0c0c0-0000-4000-8000-0000000000a2";
const tokenPath = "/contoso.example/oauth2/v2.0/token";
const password = {
  grant_type: "password",
  client_id: desktop,
  scope: "openid profile offline_access",
  username: "alice@contoso.example",
  password: "alice-password",
};
let authority: LocalAuthority;
beforeAll(async () => {
  authority = await startLocalAuthority({ http: true });
});
afterEach(() => authority.clearRequests());
afterAll(() => authority.close());

const read = async (path: string) => (await consoleCall(authority, "GET", `/_console/requests${path}`)).json;
const last = async () => {
  const { requests } = await read("");
  return (await read(`/${requests.at(-1)?.id}`)).described;
};
const named = (values: readonly { name: string }[], name: string) =>
  values.find((each) => each.name === name);

describe("the list", () => {
  it("says of each request what it is, who asks for whom, and what came of it", async () => {
    await post(authority, tokenPath, password);
    await post(authority, tokenPath, { ...password, password: "wrong-password-wrong" });
    await get(authority, "/common/discovery/v2.0/keys");
    const { requests } = await read("");
    const common = { title: "A user's name and password", app: "Contoso Desktop", user: password.username };
    expect(requests).toMatchObject([
      { ...common, endpoint: "token", method: "POST", status: 200 },
      { ...common, status: 400, error: "invalid_grant" },
      { title: "Reads the signing keys", endpoint: "keys", status: 200 },
    ]);
    expect(requests.map(({ id }) => id - Number(requests[0]?.id))).toEqual([0, 1, 2]);
  });

  it.each<[string, number]>([
    ["?endpoint=keys", 1],
    ["?status=400", 1],
    ["?search=ALICE", 2],
    ["?search=contoso%20desktop", 2],
    ["?search=nothing-like-it", 0],
    ["?limit=2", 2],
    ["?endpoint=token&status=200", 1],
  ])("%s finds %i", async (query, count) => {
    await post(authority, tokenPath, password);
    await post(authority, tokenPath, { ...password, password: "wrong" });
    await get(authority, "/common/discovery/v2.0/keys");
    expect((await read(query)).requests).toHaveLength(count);
  });

  it("goes on after a request that is known", async () => {
    await get(authority, "/first");
    const { requests } = await read("");
    await get(authority, "/second");
    expect((await read(`?after=${requests[0]?.id}`)).requests).toMatchObject([{ path: "/second" }]);
  });

  it.each(["?after=x", "?status=many", "?limit=-1", "?endpont=token"])("%s is refused", async (query) => {
    expect((await consoleCall(authority, "GET", `/_console/requests${query}`)).status).toBe(400);
  });

  it("is cleared, and numbers are not used again", async () => {
    await get(authority, "/first");
    const { requests: before } = await read("");
    expect((await consoleCall(authority, "DELETE", "/_console/requests")).status).toBe(204);
    expect(authority.requests).toEqual([]);
    await get(authority, "/second");
    expect((await read("")).requests).toMatchObject([{ id: Number(before[0]?.id) + 1, path: "/second" }]);
    expect((await consoleCall(authority, "GET", `/_console/requests/${before[0]?.id}`)).status).toBe(404);
  });
});

describe("a stream", () => {
  it("has the requests so far, and each one as it arrives and when it is answered", async () => {
    await get(authority, "/before");
    const stop = new AbortController();
    const response = await fetch(`${authority.url}/_console/requests`, {
      headers: { accept: "text/event-stream" },
      signal: stop.signal,
    });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const events = eventsOf(response);
    expect((await events.next()).value).toMatchObject({ event: "run" });
    expect((await events.next()).value).toMatchObject({ data: { path: "/before", status: 404 } });
    await get(authority, "/after");
    const [arrived, answered] = [(await events.next()).value, (await events.next()).value];
    expect(arrived).toMatchObject({ event: "request", data: { path: "/after" } });
    expect(arrived?.data).not.toHaveProperty("status");
    expect(answered).toMatchObject({ id: arrived?.id, data: { path: "/after", status: 404 } });
    stop.abort();
  });

  it("goes on where a connection was lost", async () => {
    await get(authority, "/known");
    const { requests } = await read("");
    await get(authority, "/new");
    const stop = new AbortController();
    const response = await fetch(`${authority.url}/_console/requests`, {
      headers: { accept: "text/event-stream", "last-event-id": String(requests[0]?.id) },
      signal: stop.signal,
    });
    const events = eventsOf(response);
    await events.next();
    expect((await events.next()).value).toMatchObject({ data: { path: "/new" } });
    stop.abort();
  });

  it("ends with the authority", async () => {
    const other = await startLocalAuthority({ http: true });
    const response = await fetch(`${other.url}/_console/requests`, {
      headers: { accept: "text/event-stream" },
    });
    const ended = response.text().catch(() => "ended");
    await other.close();
    expect(await ended).toBeDefined();
  });
});

describe("a request, looked at", () => {
  it("has its parameters explained, with the document that says so", async () => {
    await post(authority, tokenPath, password);
    const { form } = await last();
    expect(named(form, "grant_type")).toMatchObject({
      value: "password",
      note: expect.stringMatching(/^A user's name and password\. .*RFC 6749/),
    });
    for (const name of ["client_id", "scope", "username", "password"])
      expect(named(form, name)).toMatchObject({ note: expect.stringMatching(/RFC \d+/) });
  });

  it("has the tokens of its response taken apart: times in words, claims explained, the signature checked", async () => {
    const { json } = await post(authority, tokenPath, password);
    const { response } = await last();
    const { token, value } = named(response, "id_token") as never;
    expect(value).toMatch(/^eyJ\w… \(\d+ characters\)$/);
    expect(token).toMatchObject({ signature: "valid, made with this authority's key" });
    const claims = (token as { claims: { name: string; value: unknown; words?: string; note?: string }[] })
      .claims;
    expect(Object.fromEntries(claims.map((each) => [each.name, each.value]))).toEqual(
      decodeJwt(String(json["id_token"])),
    );
    expect(named(claims, "exp")).toMatchObject({ words: expect.stringMatching(/Z, in 60 minutes$/) });
    expect(named(claims, "aud")).toMatchObject({ note: expect.stringContaining("RFC 7519") });
  });

  it.each([
    ["another key", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln", "not made with this authority's key"],
    ["no signature", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.", "none"],
  ])("says of a token with %s what its signature is", async (_, assertion, signature) => {
    await post(authority, tokenPath, {
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion,
    });
    expect(named((await last()).form, "assertion")).toMatchObject({ token: { signature } });
  });

  it("takes the token of an Authorization header apart", async () => {
    const { json } = await post(authority, tokenPath, password);
    await get(authority, "/oidc/userinfo", { authorization: `Bearer ${String(json["access_token"])}` });
    expect(named((await last()).headers, "authorization")).toMatchObject({
      value: expect.stringMatching(/^Bearer eyJ\w… \(/),
      token: { claims: expect.arrayContaining([expect.objectContaining({ name: "scp" })]) },
    });
  });

  it("says where a browser was sent, and with what", async () => {
    const query = new URLSearchParams({
      client_id: desktop,
      response_type: "code",
      redirect_uri: "http://localhost/callback",
      scope: "openid",
      prompt: "none",
    });
    await get(authority, `/contoso.example/oauth2/v2.0/authorize?${query.toString()}`);
    const { redirect, response } = await last();
    expect(redirect).toBe("http://localhost/callback");
    expect(named(response, "error")).toMatchObject({ value: "login_required" });
    expect((await read("")).requests).toMatchObject([{ error: "login_required" }]);
  });

  it("does not explain what only has the name of something else", async () => {
    await post(authority, tokenPath, { constructor: "x", toString: "y", grant_type: "constructor" });
    for (const value of (await last()).form) expect(value).not.toHaveProperty("token");
    expect(named((await last()).form, "constructor")).toEqual({ name: "constructor", value: "x" });
  });
});

describe("secrets", () => {
  it("are nowhere in what the console shows, however they were sent", async () => {
    const secrets = await requestSamples(authority);
    expect(secrets.length).toBeGreaterThan(20);
    const { requests } = await read("");
    const details = await Promise.all(requests.map(({ id }) => read(`/${id}`)));
    const shown = JSON.stringify([requests, details]);
    expect(secrets.filter((secret) => shown.includes(secret))).toEqual([]);
    // Otherwise nothing would have been looked for.
    const journal = JSON.stringify(authority.requests);
    expect(secrets.filter((secret) => journal.includes(secret)).length).toBeGreaterThan(10);
  });

  it("are there for a test that asks for them", async () => {
    await post(authority, tokenPath, { ...password, client_id: web, client_secret: "contoso-web-secret" });
    const { requests } = await read("?secrets=full");
    expect(requests).toMatchObject([{ form: { client_secret: "contoso-web-secret" } }]);
    expect(JSON.stringify(await read(""))).not.toContain("contoso-web-secret");
  });

  it.each([
    ["client_secret", "short", "… (5 characters)"],
    ["client_secret", "long-enough-to-be-recognized", "long… (28 characters)"],
    ["authorization", "Basic YTpiYTpiYTpiYTpi", "Basic YTpi… (16 characters)"],
    ["cookie", "a=secret; b=other", "a=…; b=…"],
    ["referer", "http://localhost/callback?code=abc", "http://localhost/callback"],
    ["code_challenge", "public", "public"],
    ["scope", "openid", "openid"],
    ["any", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln", "eyJh… (41 characters)"],
  ])("%s %s is shown as %s", (name, value, shown) => {
    expect(shortenValue(name, value)).toBe(shown);
  });

  it.each([
    ["", ""],
    [
      '{"client_id":"a","client_secret":"b"}',
      '{\n  "client_id": "a",\n  "client_secret": "… (1 characters)"\n}',
    ],
    [
      "<o:Username>a</o:Username><o:Password Type='x'>b</o:Password>",
      "<o:Username>a</o:Username><o:Password Type='x'>… (1 characters)</o:Password>",
    ],
    ["grant_type=x&password=b", "grant_type=x&password=… (1 characters)"],
    ["{broken", "… (7 characters)"],
    ["whatever it may be, it is not shown", "what… (35 characters)"],
  ])("the body %s is shown as %s", (body, shown) => {
    expect(shortenBody(body)).toBe(shown);
  });

  it.each(["<".repeat(500_000), "<a".repeat(300_000), "<Password>".repeat(50_000), "a".repeat(1_000_000)])(
    "a body of a megabyte is read once: %.12s…",
    async (body) => {
      await postText(authority, "/adfs/services/trust/13/usernamemixed", body, {
        "content-type": "application/soap+xml",
      });
      expect((await read("")).requests).toHaveLength(1);
    },
  );
});

it.each([
  [0, "1970-01-01T00:16:40Z, now"],
  [90, "in 90 seconds"],
  [-1, "1 second ago"],
  [3599, "in 60 minutes"],
  [-7200, "2 hours ago"],
  [864_000, "in 10 days"],
])("a time that is %i seconds away is said in words", (distance, words) => {
  expect(timeInWords(1000 + distance, 1000)).toContain(words);
});

it("what is no time is said to be none", () => {
  expect(timeInWords(1e300, 0)).toBe("not a time");
});

it("a journal keeps the newest requests, and the answers of fewer", () => {
  const journal = createJournal();
  const request = (path: string) => ({ path }) as RecordedRequest;
  for (let i = 1; i <= 10_005; i += 1) journal.record(request(`/${i}`))(200, { json: { i } });
  expect(journal.entries).toHaveLength(10_000);
  expect(journal.numbered()[0]).toMatchObject({ id: 6, request: { path: "/6" } });
  expect(journal.find(5)).toBeUndefined();
  expect(journal.find(9005)).toMatchObject({ request: { path: "/9005" }, answer: undefined });
  expect(journal.find(9006)).toMatchObject({ answer: { json: { i: 9006 } } });
});

it("an answer to a request that was cleared is told to nobody", () => {
  const journal = createJournal();
  const seen: number[] = [];
  const end = journal.watch(({ id }) => seen.push(id));
  const answer = journal.record({ path: "/1" } as RecordedRequest);
  journal.clear();
  answer(200);
  journal.record({ path: "/2" } as RecordedRequest)(200);
  end();
  journal.record({ path: "/3" } as RecordedRequest);
  expect(seen).toEqual([1, 2, 2]);
  expect(journal.numbered().map(({ id }) => id)).toEqual([2, 3]);
});

interface StreamEvent {
  readonly event?: string;
  readonly id?: string;
  readonly data?: Readonly<Record<string, unknown>> | string;
}

/** The events of a stream (WHATWG HTML, server-sent events), as far as the console uses them. */
async function* eventsOf(response: Response): AsyncGenerator<StreamEvent, undefined> {
  let text = "";
  const reader = response.body?.getReader();
  for (let read = await reader?.read(); read && !read.done; read = await reader?.read()) {
    text += Buffer.from(read.value).toString();
    const parts = text.split("\n\n");
    text = parts.pop() ?? "";
    for (const part of parts) {
      const fields = Object.fromEntries(part.split("\n").map((line) => line.split(/: (.*)/s, 2)));
      const data: string = fields["data"] ?? "";
      yield { ...fields, data: data.startsWith("{") ? JSON.parse(data) : data };
    }
  }
  return undefined;
}
