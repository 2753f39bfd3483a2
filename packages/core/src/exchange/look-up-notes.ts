import type { AuthorityUrl } from "../authority/authority-url.js";
import type { AccessTokenQuery } from "../cache/memory/find.js";
import type { Observer, Subject } from "../observer.js";
import type { Miss } from "../request/miss.js";
import type { AuthenticationResult } from "../result.js";

/** What was looked for. */
interface LookedFor {
  readonly url: AuthorityUrl;
  readonly query: AccessTokenQuery;
}

/** Counts a look-up of an access token for metrics. Called only while metrics are collected. */
export function noteLookUp(
  observer: Observer,
  { url, query }: LookedFor,
  found: AuthenticationResult | Miss,
): void {
  const subject = subjectOf(url, query);
  if (typeof found !== "object") {
    observer.count("miss", { "tessera.cache.miss_reason": found }, subject);
    return;
  }
  const level = found.metadata?.source === "store" ? "second" : "first";
  observer.count("hit", { "tessera.cache.level": level }, subject);
}

function subjectOf({ tenant }: AuthorityUrl, { scopes, partition }: AccessTokenQuery): Subject {
  return { tenant, scopes, user: partition.kind === "user" ? partition.id : undefined };
}
