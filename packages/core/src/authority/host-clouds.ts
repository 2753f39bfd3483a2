import { BoundedMap } from "../bounded-map.js";
import { knownCloud, selfCloud, type Cloud } from "./clouds.js";

/** The cloud of every host that an application uses: discovered, known from the tables, or of that host alone. */
export class HostClouds {
  readonly #discovered = new Map<string, Cloud>();
  /** Clouds of unknown hosts; the same object each time, so that memoized cache queries compare equal. */
  readonly #alone = new BoundedMap<Cloud>(1000);
  /** The last answers of {@link aliasesOf} and {@link isAlias}: a call asks several times for the same host. */
  #last: { readonly host: string; readonly aliases: ReadonlySet<string>; alias: string } | undefined;

  /** Incremented with everything that is learned. */
  revision = 0;

  /** The clouds that instance discovery or the application's metadata listed, by host. */
  get discovered(): ReadonlyMap<string, Cloud> {
    return this.#discovered;
  }

  /** Records a cloud under each of its hosts. */
  learn(cloud: Cloud): Cloud {
    this.#last = undefined;
    this.revision += 1;
    for (const alias of cloud.aliases) this.#discovered.set(alias, cloud);
    return cloud;
  }

  /** Returns every host known to belong to the same identity provider. */
  aliasesOf(host: string): ReadonlySet<string> {
    if (this.#last?.host === host) return this.#last.aliases;
    const { aliases } = this.#discovered.get(host) ?? knownCloud(host) ?? this.alone(host);
    this.#last = { host, aliases, alias: host };
    return aliases;
  }

  /** Whether a host is known to belong to the same identity provider as another. */
  isAlias(host: string, alias: string): boolean {
    if (this.#last?.host === host && this.#last.alias === alias) return true;
    if (!this.aliasesOf(host).has(alias)) return false;
    if (this.#last) this.#last.alias = alias;
    return true;
  }

  /** Returns a cloud of a single host. */
  alone(host: string): Cloud {
    const known = this.#alone.get(host);
    if (known) return known;
    const alone = selfCloud(host);
    this.#alone.set(host, alone);
    return alone;
  }
}
