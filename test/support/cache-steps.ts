import fc from "fast-check";

export const CLOUDS = [
  {
    preferred: "login.windows.net",
    hosts: new Set(["login.microsoftonline.com", "login.windows.net", "sts.windows.net"]),
  },
  { preferred: "op.example", hosts: new Set(["op.example"]) },
] as const;
/** The last two are two users: ids are case-sensitive, although keys are not. */
export const HOMES = ["u1.t1", "Sub|Q", "sub|q"] as const;
export const CLIENTS = ["client-a", "Client-B"] as const;
const REALMS = ["t1", "T2"] as const;
const COMPONENTS = [
  undefined,
  { fmi_path: "/one", client_claims: "{}" },
  { client_claims: "{}", fmi_path: "/one" },
  { fmi_path: "/two" },
] as const;

const cloud = fc.constantFrom(...CLOUDS);
const home = fc.constantFrom(...HOMES);
export const clientId = fc.constantFrom(...CLIENTS);
const realm = fc.constantFrom(...REALMS);
const hash = fc.constantFrom("h1", "session.h2");
const components = fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, fc.constantFrom(...COMPONENTS));
const words = (...pool: readonly string[]): fc.Arbitrary<string[]> =>
  fc
    .shuffledSubarray([...pool], { minLength: 1 })
    .chain((some) =>
      fc.tuple(...some.map((word) => fc.constantFrom(word, word.toLowerCase(), word.toUpperCase()))),
    );
const granted = words("A", "B", "C", "openid", "profile");
/** Mostly the same ones, so that questions come again. */
const asked = fc.oneof(
  fc.constantFrom(["A"], ["b"], ["A", "B"], [], ["openid"], ["offline_access"]),
  words("A", "B", "C", "openid", "profile"),
);

const owner = fc.oneof(
  fc.record({ kind: fc.constant("user" as const), home }),
  fc.record({ kind: fc.constant("assertion" as const), home, hash }),
  fc.record({ kind: fc.constant("app" as const), home: fc.constant("") }),
);
export const place = fc.record({ cloud, clientId, realm, owner });
export type Place = typeof place extends fc.Arbitrary<infer T> ? T : never;
export const response = fc.record({
  place,
  target: granted,
  components,
  scheme: fc.constantFrom("Bearer", "Bearer", "bearer", "pop"),
  lifetime: fc.constantFrom(90, 3590, 7190),
  extended: fc.constantFrom(0, 3600),
  account: fc.boolean(),
  refreshToken: fc.constantFrom("none", "own", "own", "family", "expiring"),
});
export type Response = typeof response extends fc.Arbitrary<infer T> ? T : never;

export const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("save" as const), response }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("find" as const), place, asked, components }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("otherLibraryWrites" as const), response, age: fc.nat(60) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("removeUser" as const), home, cloud }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("removeRefreshToken" as const), place }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("advance" as const), seconds: fc.constantFrom(1, 600, 3600) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "reload" as const }) },
  { weight: 1, arbitrary: fc.constant({ do: "compareUsers" as const }) },
);
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const attempt = fc.record({
  do: fc.constant("attempt" as const),
  steps: fc.array(
    step.filter((one) => one.do !== "advance"),
    { maxLength: 8 },
  ),
  succeeds: fc.boolean(),
});
export const steps = fc.array(fc.oneof({ weight: 8, arbitrary: step }, { weight: 1, arbitrary: attempt }), {
  maxLength: 40,
  size: "max",
});
