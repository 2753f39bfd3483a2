// The search that runs with every test file (test/support/watch-for-leaks.ts) finds a secret that is shown on purpose.
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Logger, LogLevel } from "@tessera/node";
import { LeakSearch } from "../support/leak-search.js";
import { redeem, startFakeProvider, type FakeProvider } from "../support/fake-provider.js";

const secret = "kT7vQ2mX9pL4sW8rZ1nC6bY3";

describe("a search", () => {
  it.each([
    ["a response", (search: LeakSearch) => search.issueIn(JSON.stringify({ refresh_token: `1.${secret}` }))],
    ["a form", (search: LeakSearch) => search.issueIn(`grant_type=x&code_verifier=${secret}`)],
  ])("finds what was issued in %s, whole or cut, in a text or in an object", (_, issue) => {
    for (const shown of [
      `a ${secret} b`,
      `?code=${secret}`,
      secret.slice(0, 18),
      { cause: new Error(secret) },
    ]) {
      const search = new LeakSearch();
      issue(search);
      search.show("a log line", "GET https://login.example/token: HTTP 200");
      expect(search.leaks()).toEqual([]);
      search.show("a log line", shown);
      expect(search.leaks()).toHaveLength(1);
    }
  });
});

describe("of the whole run", () => {
  let provider: FakeProvider;
  beforeAll(async () => {
    provider = await startFakeProvider();
  });
  afterAll(() => provider.close());

  it("the lines of a sign-in are searched, with every secret of it", async () => {
    const search = new LeakSearch();
    const lines: string[] = [];
    const loggerOptions = {
      logLevel: LogLevel.Trace,
      piiLoggingEnabled: true,
      loggerCallback: (_: LogLevel, line: string) => void lines.push(line),
    };
    const app = provider.confidential({ system: { loggerOptions } });
    const { idToken } = await redeem(app);
    for (const { text } of provider.requests) search.issueIn(text);
    search.issue("id_token", idToken);
    for (const line of lines) search.show("a log line", line);
    expect(lines.length).toBeGreaterThan(3);
    expect(search.leaks()).toEqual([]);
    new Logger({ ...loggerOptions, loggerCallback: (_, line) => search.show("a log line", line) }).info(
      idToken,
    );
    expect(search.leaks()[0]).toMatch(/^id_token in a log line/);
  });
});
