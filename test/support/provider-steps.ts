import fc from "fast-check";

/** A provider of the world, or a user of one, by its number. */
const index = fc.nat({ max: 2 });
const scope = fc.constantFrom("read", "read", "write");
const mostly = (value: boolean): fc.Arbitrary<boolean> => fc.constantFrom(value, value, !value);
/** What a hostile provider copies from a user of another; mostly one of the app's default provider, and all there is. */
const lie = fc.option(
  fc.record({
    victim: fc.tuple(fc.constantFrom(0, 0, 1, 2), fc.constantFrom(0, 0, 1, 2)),
    sub: fc.constantFrom("copied" as const, "copied" as const, "home" as const, "own" as const),
    oid: mostly(true),
    tid: mostly(false),
    username: mostly(true),
    clientInfo: mostly(true),
  }),
  { freq: 4 },
);
const signIn = fc.record({
  do: fc.constant("sign in" as const),
  provider: index,
  user: index,
  how: fc.constantFrom("code" as const, "code" as const, "password" as const, "refresh token" as const),
  lie,
  scope,
});
/** How an app has kept an account: as it came, through JSON, or no more than its ids. */
const form = fc.constantFrom("whole" as const, "whole" as const, "JSON" as const, "bare" as const);
const silent = fc.record({
  do: fc.constant("silent" as const),
  account: fc.nat({ max: 20 }),
  form,
  authority: fc.constantFrom("none" as const, "none" as const, "own" as const, "another" as const),
  force: fc.boolean(),
  scope,
});
const onBehalfOf = fc.record({
  do: fc.constant("on behalf of" as const),
  provider: index,
  user: index,
  session: fc.option(index, { freq: 1 }),
  scope,
});
const asApp = fc.record({ do: fc.constant("as the app" as const), provider: index, scope });
const apart = fc.oneof(
  { weight: 4, arbitrary: signIn },
  { weight: 6, arbitrary: silent },
  { weight: 3, arbitrary: onBehalfOf },
  { weight: 1, arbitrary: asApp },
);
export const step = fc.oneof(
  { weight: 10, arbitrary: apart },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("together" as const),
      steps: fc.array(apart, { minLength: 2, maxLength: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("look up" as const),
      by: fc.constantFrom("all" as const, "home" as const, "local" as const, "username" as const),
      account: fc.nat({ max: 20 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("continue" as const), session: index, scope }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("remove" as const), account: fc.nat({ max: 20 }), form }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("wait" as const), seconds: fc.constantFrom(600, 4000) }),
  },
);
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
/** A step that may happen together with others. */
export type Apart = typeof apart extends fc.Arbitrary<infer T> ? T : never;
