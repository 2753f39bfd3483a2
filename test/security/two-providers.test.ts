// proves: core/src/flows/silent.ts, core/src/flows/refresh-token.ts, core/src/flows/on-behalf-of.ts,
// core/src/flows/client-credentials.ts, core/src/cache/token-cache.ts, core/src/cache/record.ts
//
// Several identity providers, honest and hostile, and many users at random against one application object: no token,
// password or code of one user or provider ever reaches another. Everything issued names its user and provider; every
// provider notes what it is sent. FC_SEED explores other sequences, FUZZ_RUNS more of them (2,000 for a whole night's).
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Run, type Setting, type Tally } from "../support/provider-run.js";
import { step, type Step } from "../support/provider-steps.js";
import { PROVIDERS } from "../support/provider-world.js";
import { inSample } from "../support/sample.js";
import "../support/property-seed.js";

const numRuns = Number(process.env["FUZZ_RUNS"] ?? 10);

const settings: readonly Setting[] = (["AAD", "OIDC"] as const).flatMap((mode) =>
  (["public", "confidential"] as const).flatMap((client) =>
    [true, false].map((named) => ({ mode, client, named })),
  ),
);

describe("no token, code or password of one user or provider reaches another", () => {
  it.each(
    settings.map(
      (setting) =>
        [
          setting.mode,
          setting.client,
          setting.named ? "the account's own authority" : "any authority or none",
          setting,
        ] as const,
    ),
  )(
    "%s mode, a %s client, silent calls that name %s",
    async (_, __, ___, setting) => {
      const tally: Tally = new Map();
      const run = fc.asyncProperty(
        fc.tuple(fc.boolean(), fc.constantFrom(true, true, false), fc.constantFrom(true, true, false)),
        fc.array(step, { minLength: 1, maxLength: 30, size: "max" }),
        (hostile, steps) => new Run(setting, hostile, tally).play(steps),
      );
      await fc.assert(run, { numRuns });
      const kinds = ["sign in", "silent", "silent (cache)"];
      if (setting.client === "confidential") kinds.push("as the app", "on behalf of", "on behalf of (cache)");
      expect(kinds.filter((kind) => !tally.has(kind))).toEqual([]);
      if (process.env["FUZZ_RUNS"]) console.log(tally);
    },
    600_000,
  );
});

describe("a hostile provider that says its user is another's", () => {
  const none = { sub: "own", oid: false, tid: false, username: false, clientInfo: false } as const;
  const all = { oid: true, tid: true, username: true, clientInfo: true } as const;
  const lies = {
    "the same subject": { ...none, sub: "copied" },
    "the home account id as the subject": { ...none, sub: "home" },
    "the same client_info": { ...none, clientInfo: true },
    "the same user name and object id": { ...none, username: true, oid: true },
    "everything the same": { ...all, sub: "copied" },
    "everything, and the home account id as the subject": { ...all, sub: "home" },
  } as const;
  type LieName = keyof typeof lies;
  const attacks = settings
    .filter(({ named }) => !named)
    .flatMap(({ mode, client }) =>
      PROVIDERS[mode].slice(1).map(({ name }, index) => [mode, client, name, index + 1] as const),
    )
    // Each lie with a third of the providers and clients.
    .flatMap(([mode, client, name, provider], place) =>
      (Object.keys(lies) as LieName[])
        .filter((lie) => inSample(lie, place))
        .map((lie) => [mode, client, name, lie, provider] as const),
    );

  const honest: Step = { do: "sign in", provider: 0, user: 0, how: "code", lie: null, scope: "read" };
  const attacker = (provider: number, lie: LieName): Step => ({
    do: "sign in",
    provider,
    user: 1,
    how: "code",
    lie: { ...lies[lie], victim: [0, 0] },
    scope: "read",
  });
  const hostile = [false, true, true];
  /** Takes the first steps, then each list of others with an application of its own, and returns what went wrong. */
  const failuresOf = async (
    setting: Omit<Setting, "named">,
    first: readonly Step[],
    ends: readonly (readonly Step[])[],
  ) => {
    const origin = new Run({ ...setting, named: false }, hostile, new Map());
    await origin.take(first);
    const failures: string[] = [];
    for (const end of ends) {
      const run = new Run({ ...setting, named: false }, hostile, new Map(), origin);
      await run.play(end).catch((error: unknown) => failures.push(String(error)));
    }
    return failures;
  };

  it.each(attacks)(
    "gets nothing: %s mode, a %s client, provider %s: %s",
    async (mode, client, _, lie, provider) => {
      const ends = (["whole", "JSON", "bare"] as const).flatMap((form) =>
        (["none", "own", "another"] as const).flatMap((authority) =>
          [false, true].flatMap((force) =>
            [0, 1].map((account): Step[] => [
              { do: "silent", account, form, authority, force, scope: "read" },
            ]),
          ),
        ),
      );
      const looked = (["all", "home", "local", "username"] as const).map((by): Step[] => [
        { do: "look up", by, account: 1 },
        ...[2, 3].map((account): Step => ({
          do: "silent",
          account,
          form: "whole",
          authority: "none",
          force: false,
          scope: "read",
        })),
      ]);
      const orders = [
        [honest, attacker(provider, lie)],
        [attacker(provider, lie), honest],
      ];
      for (const order of orders)
        expect(await failuresOf({ mode, client }, order, [...ends, ...looked])).toEqual([]);
    },
  );

  it.each(attacks)(
    "removes nothing: %s mode, a %s client, provider %s: %s",
    async (mode, client, _, lie, provider) => {
      const ends = (["whole", "JSON"] as const).map((form): Step[] => [{ do: "remove", account: 1, form }]);
      const failures = await failuresOf({ mode, client }, [honest, attacker(provider, lie)], ends);
      expect(failures).toEqual([]);
    },
  );
});
