import fc from "fast-check";
import { isObject } from "../../packages/core/src/encoding.js";

export const text = fc.oneof(
  fc.constantFrom("U1.T1", "auth0|AbC", "sub|Q", "1", "login.windows.net"),
  fc.string({ maxLength: 8 }),
);
const seconds = fc.oneof(fc.constantFrom("1", "1760000000", "4102444800", ""), fc.integer());
/** Names that are members of every object, and others. */
const oddName = fc.oneof(
  fc.constantFrom("__proto__", "constructor", "toString", "0", ""),
  fc.string({ maxLength: 5 }),
);
const unknownFields = fc.array(
  fc.tuple(
    fc.oneof(fc.constantFrom("requestedClaims", "requestedClaimsHash"), oddName),
    fc.jsonValue({ maxDepth: 2 }),
  ),
  { maxLength: 2 },
);
/** Fields that should be texts, if they are there, and are something else. */
const oddFields = fc.array(
  fc.tuple(
    fc.constantFrom(
      "home_account_id",
      "username",
      "client_info",
      "token_type",
      "family_id",
      "tenantProfiles",
      "expires_on",
    ),
    fc.oneof(fc.integer(), fc.constant({}), fc.constant([5])),
  ),
  { maxLength: 1 },
);
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

type Kind = "Account" | "IdToken" | "AccessToken" | "RefreshToken" | "AppMetadata";
type Fields = Readonly<Record<string, unknown>>;
type Library = "node 7" | "node 2.15" | "python" | "go";
const library = fc.constantFrom<Library>("node 7", "node 2.15", "python", "go");

/** The fields of `cache-schema.md` §4, those included that only some libraries write. */
const credential = {
  home_account_id: fc.oneof(text, fc.constant(null), fc.constant(undefined)),
  environment: text,
  client_id: text,
  secret: text,
};
const FIELDS: Readonly<Record<Kind, fc.Arbitrary<Fields>>> = {
  Account: fc.record({
    home_account_id: text,
    environment: text,
    realm: text,
    local_account_id: text,
    username: text,
    authority_type: fc.constantFrom("MSSTS", "ADFS", "Generic", "MSA"),
    name: optional(text),
    client_info: optional(text),
    account_source: optional(text),
    last_modification_time: optional(seconds),
    tenantProfiles: optional(
      fc.array(
        fc.oneof(
          fc.constantFrom(
            '{"tenantId":"T1","localAccountId":"U1","username":"Me"}',
            '{"tenantId":"T1","localAccountId":"U1","username":5}',
            '{"tenantId":5}',
            "{",
          ),
          text,
        ),
      ),
    ),
  }),
  IdToken: fc.record({ ...credential, credential_type: fc.constant("IdToken"), realm: text }),
  AccessToken: fc.record({
    ...credential,
    credential_type: fc.constantFrom("AccessToken", "AccessToken_With_AuthScheme", "accesstoken"),
    realm: text,
    target: text,
    cached_at: seconds,
    expires_on: seconds,
    extended_expires_on: optional(seconds),
    refresh_on: optional(seconds),
    token_type: optional(fc.constantFrom("Bearer", "bearer", "pop", null)),
    key_id: optional(text),
    userAssertionHash: optional(text),
    user_assertion_hash: optional(fc.constantFrom("abc=", "abc")),
    resource: optional(text),
    ext_cache_key: optional(text),
    additionalCacheKeyComponents: optional(fc.dictionary(oddName, text)),
  }),
  RefreshToken: fc.record({
    ...credential,
    credential_type: fc.constant("RefreshToken"),
    family_id: optional(fc.constantFrom("1", "", null)),
    target: optional(text),
    realm: optional(text),
    expires_on: optional(seconds),
    last_modification_time: optional(seconds),
  }),
  AppMetadata: fc.record({
    environment: text,
    client_id: text,
    family_id: optional(fc.constantFrom("1", null)),
  }),
};

/** What follows the last segment of a key: `cache-schema.md` §2. */
const ENDS: Readonly<Record<Library, Readonly<Record<"IdToken" | "AccessToken" | "RefreshToken", string>>>> =
  {
    "node 7": { AccessToken: "-", IdToken: "--", RefreshToken: "---" },
    "node 2.15": { AccessToken: "--", IdToken: "---", RefreshToken: "----" },
    python: { AccessToken: "", IdToken: "-", RefreshToken: "--t" },
    go: { AccessToken: "", IdToken: "", RefreshToken: "" },
  };

function keyOf(kind: Kind, fields: Fields, by: Library): string {
  const { home_account_id: home, environment, client_id: client, realm, family_id: family, target } = fields;
  const join = (...segments: readonly unknown[]): string =>
    segments.map((segment) => (typeof segment === "string" ? segment : "")).join("-");
  if (kind === "AppMetadata")
    return by === "python"
      ? join("appmetadata", environment, client)
      : join("appmetadata", environment, client).toLowerCase();
  if (kind === "Account")
    return join(
      home,
      environment,
      by === "python" || by === "go" ? realm : String(home).split(".")[1],
    ).toLowerCase();
  const owner = join(
    home,
    environment,
    kind,
    (kind === "RefreshToken" && by !== "python" && family) || client,
  );
  const rest =
    kind === "RefreshToken"
      ? ""
      : kind === "IdToken"
        ? `-${String(realm)}`
        : `-${String(realm)}-${String(target)}`;
  return `${owner}${rest}${ENDS[by][kind]}`.toLowerCase();
}

const anyKind = fc.constantFrom<Kind>("Account", "IdToken", "AccessToken", "RefreshToken", "AppMetadata");
const entity = anyKind.chain((kind) =>
  fc.tuple(FIELDS[kind], library, unknownFields, oddFields).map(([fields, by, unknown, odd]) => {
    const kept = Object.entries(fields).filter(([, value]) => value !== undefined);
    const value: unknown = Object.fromEntries([...kept, ...unknown, ...odd]);
    return { section: kind, key: keyOf(kind, fields, by), value };
  }),
);
const oddEntity = fc.record({
  section: fc.oneof(anyKind, oddName),
  key: oddName,
  value: fc.jsonValue({ maxDepth: 3 }),
});
const oddSection = fc.record({
  section: fc.oneof(anyKind, oddName),
  key: fc.constant(undefined),
  value: fc.jsonValue(),
});
const document = (
  part: typeof entity | typeof oddEntity | typeof oddSection,
): fc.Arbitrary<Record<string, unknown>> =>
  fc.array(part as typeof entity, { maxLength: 12 }).map((parts) => {
    const sections = new Map<string, unknown>();
    for (const { section, key, value } of parts) {
      const before = sections.get(section);
      const others = isObject(before) ? Object.entries(before) : [];
      sections.set(section, key === undefined ? value : Object.fromEntries([...others, [key, value]]));
    }
    return Object.fromEntries(sections);
  });
export const anyDocument = fc.oneof(
  document(entity),
  document(fc.oneof(entity, oddEntity, oddSection) as typeof entity),
);
