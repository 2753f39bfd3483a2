import { assertionPartition, userPartition } from "../../packages/core/src/cache/memory/partition-key.js";
import { MemoryCache } from "./memory-cache.js";
import type {
  AccessTokenEntity,
  AccountEntity,
  IdTokenEntity,
  RefreshTokenEntity,
} from "../../packages/core/src/cache/schema/schema.js";
import { createTestClock } from "./test-clock.js";

/* What is in a cache, for tests that look into it: Alice's account and tokens, with what a test wants different. */

export const environment = "login.windows.net";
export const alias = "login.microsoftonline.com";
export const hosts = new Set([environment, alias]);
export const clientId = "client-a";
export const home = "u1.t1";
export const alice = userPartition(home);
export const work = assertionPartition("session.h1");
export const clock = createTestClock(1_760_000_000_000);
/** Seconds from now, as the schema has it. */
export const seconds = (after: number): string => String(clock.now() / 1000 + after);

const common = { home_account_id: home, environment, client_id: clientId };
export const refreshToken = (over: Partial<RefreshTokenEntity> = {}): RefreshTokenEntity => ({
  ...common,
  credential_type: "RefreshToken",
  secret: "fresh",
  ...over,
});
export const accessToken = (over: Partial<AccessTokenEntity> = {}): AccessTokenEntity => ({
  ...common,
  credential_type: "AccessToken",
  secret: "at",
  realm: "t1",
  target: "A",
  cached_at: seconds(0),
  expires_on: seconds(3600),
  ...over,
});
export const idToken = (over: Partial<IdTokenEntity> = {}): IdTokenEntity => ({
  ...common,
  credential_type: "IdToken",
  secret: "it",
  realm: "t1",
  ...over,
});
export const account = (over: Partial<AccountEntity> = {}): AccountEntity => ({
  home_account_id: home,
  environment,
  realm: "t1",
  local_account_id: "u1",
  username: "alice",
  authority_type: "MSSTS",
  ...over,
});
export const profile = (tenantId: string): string =>
  JSON.stringify({ tenantId, localAccountId: `u1 in ${tenantId}`, username: `alice@${tenantId}` });

export const newCache = (): MemoryCache =>
  new MemoryCache({ maxPartitions: 100, clock, onForget: () => undefined });
export type Entities = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
export const entities = (cache: MemoryCache, section: string): Entities =>
  cache.document()[section] as Entities;
export const secrets = (cache: MemoryCache, section: string): readonly unknown[] =>
  Object.values(entities(cache, section))
    .map(({ secret }) => secret)
    .sort();
