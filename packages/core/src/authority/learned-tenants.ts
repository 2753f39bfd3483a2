import { BoundedMap } from "../bounded-map.js";
import type { AuthorityUrl } from "./authority-url.js";
import { MOST_AUTHORITIES } from "./authority-urls.js";

/** Tenant ids of authorities that name their tenant by a domain, learned from the tokens received for it. */
export class LearnedTenants {
  /** By authority URL. */
  readonly #ids = new BoundedMap<{ readonly id: string }>(MOST_AUTHORITIES);
  #revision = 0;

  /** Grows with each id that is learned. */
  get revision(): number {
    return this.#revision;
  }

  /** Returns the id of the tenant that a URL names; `undefined` for a domain whose id is not known yet. */
  idOf({ href, tenantId }: AuthorityUrl): string | undefined {
    return tenantId ?? this.#ids.get(href)?.id;
  }

  learn({ href, namesTenant, tenantId }: AuthorityUrl, received: string): void {
    if (!namesTenant || tenantId !== undefined) return;
    const id = received.toLowerCase();
    // Each token of the domain brings the id, and a new revision discards all memoized answers.
    if (this.#ids.get(href)?.id === id) return;
    this.#ids.set(href, { id });
    this.#revision += 1;
  }
}
