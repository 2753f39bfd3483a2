// A partition with many tokens answers and replaces as one with few does.
// proves: core/src/cache/memory/token-index.ts, core/src/cache/memory/entry.ts
import { describe, expect, it } from "@jest/globals";
import { accessTokenFacts, type Entry } from "../../packages/core/src/cache/memory/entry.js";
import { answers, supersedes } from "../../packages/core/src/cache/memory/answers.js";
import { Partition } from "../../packages/core/src/cache/memory/partition.js";
import { TokenIndex } from "../../packages/core/src/cache/memory/token-index.js";

type Token = Entry<"AccessToken">;

const TARGETS = [
  "User.Read",
  "user.read Mail.Read openid profile",
  "openid profile email",
  "https://api.example/.default",
  "a b c",
  "",
  "offline_access",
];
const ASKED = [undefined, "", "mail.read", "a user.read", "openid profile"];
const QUESTIONS = [["USER.READ"], ["Mail.Read", "User.Read"], ["openid"], [], [""], ["a"], ["b", "zzz"]];

let keys = 0;
function token(target: string, asked: string | undefined, expiresOn = 1000): Token {
  keys += 1;
  return {
    section: "AccessToken",
    key: `key ${keys}`,
    entity: {
      home_account_id: "",
      environment: "login.example",
      credential_type: "AccessToken",
      client_id: "client",
      secret: `${keys}`,
      realm: "tenant",
      target,
      cached_at: "0",
      expires_on: String(expiresOn),
      extended_expires_on: String(expiresOn + 10),
      token_type: "Bearer",
      ...(asked === undefined ? {} : { additionalCacheKeyComponents: { requested_scopes: asked } }),
    },
  };
}
const all = TARGETS.flatMap((target) => ASKED.map((asked) => token(target, asked)));

describe("the index of a partition's tokens", () => {
  const index = new TokenIndex(all);

  it.each(QUESTIONS.map((scopes) => [scopes]))("has every token that answers %j", (scopes) => {
    const found = new Set(index.answering(scopes));
    for (const one of all.filter((entry) => answers(accessTokenFacts(entry), scopes)))
      expect(found).toContain(one);
    expect(found.size).toBeLessThan(all.length);
  });

  it.each(all.map((one) => [one.entity.target, one.entity.additionalCacheKeyComponents, one] as const))(
    "has every token that one for %j %j replaces",
    (_target, _asked, newer) => {
      const found = new Set(index.supersededBy(accessTokenFacts(newer)));
      for (const one of all.filter((older) => supersedes(accessTokenFacts(newer), accessTokenFacts(older))))
        expect(found).toContain(one);
    },
  );
});

describe("a partition with many tokens", () => {
  const filled = (): Partition => {
    const partition = new Partition();
    for (let index = 0; index < 100; index += 1)
      partition.append(token(`scope${index}`, undefined, 1000 + index));
    return partition;
  };
  const secrets = (tokens: Iterable<Token>): string[] => Array.from(tokens, ({ entity }) => entity.target);

  it("keeps its index through copies and changes", () => {
    const original = filled();
    expect(secrets(original.tokensFor(["scope7"]))).toEqual(["scope7"]);
    const copy = original.copy();
    copy.removeTokens([...copy.tokensFor(["scope7"])]);
    copy.put(token("scope8 more", undefined));
    expect(secrets(copy.tokensFor(["scope7"]))).toEqual([]);
    expect(secrets(copy.tokensFor(["scope8"]))).toEqual(["scope8", "scope8 more"]);
    expect(secrets(original.tokensFor(["scope7"]))).toEqual(["scope7"]);
    expect(secrets(original.tokensFor(["more"]))).toEqual([]);
  });

  it("replaces the token with the same key in place", () => {
    const partition = filled();
    const [known] = [...partition.tokensFor(["scope7"])] as [Token];
    const other = token("other", undefined);
    partition.put({ ...other, key: known.key });
    expect(secrets(partition.tokensFor(["scope7"]))).toEqual([]);
    expect(secrets(partition.all("AccessToken"))[7]).toBe("other");
  });

  it("knows when the last of them expires", () => {
    const partition = filled();
    partition.tokensFor([]);
    expect(partition.lastExpiry()).toBe(1109);
    partition.removeTokens([...partition.tokensFor(["scope99"])]);
    expect(partition.lastExpiry()).toBe(1108);
    partition.put(token("later", undefined, 2000));
    expect(partition.lastExpiry()).toBe(2010);
  });

  it("drops those that have expired for good", () => {
    const partition = filled();
    partition.tokensFor([]);
    partition.removeExpired(1000);
    expect(partition.tokens()).toBe(100);
    partition.removeExpired(1061);
    expect(secrets(partition.all("AccessToken"))[0]).toBe("scope51");
    expect(secrets(partition.tokensFor(["scope50"]))).toEqual([]);
  });
});
