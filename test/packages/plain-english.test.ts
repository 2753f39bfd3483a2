// The documentation says things in plain order and in the reader's terms: what a reader found hard stays away.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { packages, root } from "./workspace.js";

const pages = [
  join(root, "README.md"),
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".md"))
    .map((file) => join(root, "docs", file)),
  ...packages.map(({ folder }) => join(folder, "README.md")),
].map((file) => [relative(root, file), readFileSync(file, "utf8").replace(/\s+/g, " ")] as const);

describe("no page says", () => {
  test.each([
    ["in all its kinds", "every kind of"],
    ["proves itself with a secret", "authenticates with"],
    ["has no secret, and a user who signs in", "cannot keep a secret; its user signs in"],
    ["Where the second one may open", "To open"],
    ["Against a real one, only", "For a real provider, change"],
    ["is to be trusted, and no proxy is in between", "Trust the certificate, and bypass any proxy"],
    ["are written as for Entra", "target Entra"],
    [
      "nobody has signed in, or this process has started since",
      "not signed in, or the process has restarted",
    ],
    ["No line ever holds", "are never logged"],
    ["asks the user only when nothing else helps", "prompts the user only as a last resort"],
    ["A no is an answer", "A refusal also ends the wait"],
    ["With name and password: do not", "Username and password (deprecated)"],
    ["What it may serve for", "Use it for"],
    ["does not do: name", "is not supported: use"],
    ["that fails for a while does not end the wait. What does", "do not end the wait. These do"],
    ["Somebody else's assertion", "Assertions from another issuer"],
    ["What is no region is refused", "Invalid region names are rejected"],
    ["Work that goes on when the caller has left", "Long-running work on behalf of a user"],
    ["who the users are known to", "the identity provider and tenant"],
    ["whoever was used longest ago gives way", "the least recently used entry is evicted first"],
    ["A user goes by halves", "Users are evicted in two steps"],
    ["the tokens of yesterday serve", "later runs reuse the stored tokens"],
    ["Nobody waits for the dead", "Locks of dead processes are taken over"],
    ["the caller wanted it so", "your code asked for it"],
    ["Text in a description never decides", "The description text is never used"],
    ["signs in whoever knows the passwords", "anyone who knows the passwords can sign in"],
    ["is the client's affair", "the client has its own clock"],
    ["what `/.well-known/openid-configuration` follows", "the URL in front of"],
    ["this is what the processor waits for memory", "time spent on cache misses of the processor"],
    ["Where it went another way than first planned", "Changes from the original design"],
  ])("%j, but %j", (now) => {
    expect(pages.filter(([, text]) => text.includes(now)).map(([file]) => file)).toEqual([]);
  });

  test.each(["recognise", "honour", "deserialis", "initialis", "behaviour", "licence", "colour"])(
    "%j: the spelling is American throughout",
    (british) => {
      const word = new RegExp(`\\b${british}`, "i");
      const prose = pages.map(([file, text]) => [file, text.replace(/`[^`]*`/g, "")] as const);
      expect(prose.filter(([, text]) => word.test(text)).map(([file]) => file)).toEqual([]);
    },
  );
});

test("each guide begins with its goal in a sentence, and most with a program within the first screen", () => {
  const guides = pages.filter(([file]) => file.startsWith("docs/"));
  const without = guides.filter(([, text]) => !/^# [^#|`]{3,}/.test(text)).map(([file]) => file);
  expect(without).toEqual([]);
});
