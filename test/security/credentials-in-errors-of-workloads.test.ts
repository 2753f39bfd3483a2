// proves: node/src/credential/token-file.ts, node/src/credential/token-service.ts
//
// No value of an option that holds a credential stands in the text of an error, in anything beneath it, or in a log line,
// whatever form the value has, and whatever the network and the server do with it: the
// token files and token services of workloads.
import { afterEach, describe, expect, it } from "@jest/globals";
import { azurePipelinesToken, federatedTokenFile, githubActionsToken } from "@tessera/node";
import { appToken, leaksOf, NETWORKS, type Attempt } from "../support/credential-leaks.js";
import { MARK, WRONG_FORMS } from "../support/marked-values.js";
import { isFull } from "../support/sample.js";

describe("the token of a workload", () => {
  /** An absolute path is shown: it is what is asked for, and no token begins like one. */
  const { "a path": _, ...NOT_PATHS } = WRONG_FORMS;
  const names = [
    "AZURE_FEDERATED_TOKEN_FILE",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "SYSTEM_OIDCREQUESTURI",
    "SYSTEM_ACCESSTOKEN",
  ];
  const notAsked = { "is not asked": () => undefined };
  /** Every form for an address that is refused; an eighth where the request is sent, and sent again after a pause. */
  const formsFor = (url: string): typeof WRONG_FORMS =>
    url.startsWith("https:")
      ? Object.fromEntries(Object.entries(WRONG_FORMS).filter((_, place) => isFull || place % 8 === 0))
      : WRONG_FORMS;
  afterEach(() => {
    for (const name of names) delete process.env[name];
  });

  it("federatedTokenFile", async () => {
    const attempt: Attempt = (value, network) =>
      appToken({ clientAssertion: federatedTokenFile(value as string) }, network);
    expect(await leaksOf(attempt, NETWORKS, NOT_PATHS)).toEqual([]);
  });

  it("AZURE_FEDERATED_TOKEN_FILE", async () => {
    const attempt: Attempt = (value, network) => {
      process.env["AZURE_FEDERATED_TOKEN_FILE"] = String(value).replaceAll("\0", "");
      return appToken({ clientAssertion: federatedTokenFile() }, network);
    };
    expect(await leaksOf(attempt, NETWORKS, NOT_PATHS)).toEqual([]);
  });

  it.each(["https://127.0.0.1:1/token?a=1", "http://actions.example/", "not a URL"])(
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN, for %s",
    async (url) => {
      const attempt: Attempt = (value, network) => {
        process.env["ACTIONS_ID_TOKEN_REQUEST_URL"] = url;
        process.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = String(value);
        return appToken({ clientAssertion: githubActionsToken() }, network);
      };
      expect(await leaksOf(attempt, notAsked, formsFor(url))).toEqual([]);
    },
  );

  it.each(["https://127.0.0.1:1/token?a=1", "http://pipelines.example/", "not a URL"])(
    "SYSTEM_ACCESSTOKEN, for %s",
    async (url) => {
      const attempt: Attempt = (value, network) => {
        process.env["SYSTEM_OIDCREQUESTURI"] = url;
        process.env["SYSTEM_ACCESSTOKEN"] = String(value);
        return appToken({ clientAssertion: azurePipelinesToken({ serviceConnectionId: "c" }) }, network);
      };
      expect(await leaksOf(attempt, notAsked, formsFor(url))).toEqual([]);
    },
  );

  it("is not sent in clear", () => {
    process.env["ACTIONS_ID_TOKEN_REQUEST_URL"] = "http://actions.example/";
    process.env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = MARK;
    expect(() => githubActionsToken()).toThrow("authority_uri_insecure");
  });
});
