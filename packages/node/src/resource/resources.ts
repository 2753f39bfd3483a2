import { clientConfigurationError, inOwnTime, SingleFlight, type Leader } from "@tessera/core/internal";
import { discoverResource } from "./discover-resource.js";
import type { Issuers } from "./issuers.js";
import type { KeptDocuments } from "./kept-documents.js";
import {
  keptResource,
  nameOf,
  namesOf,
  readResource,
  resourceOf,
  type KnownResource,
  type ResourceFacts,
} from "./known-resource.js";
import type { MetadataCall } from "./metadata-client.js";

/** How long the metadata of a resource are used, in milliseconds. A refused token has them read again at once. */
const LIFETIME_MS = 86_400_000;

/** A request that was refused. */
export interface Refused {
  readonly url: URL;
  readonly response: Pick<Response, "headers">;
  /** When it was sent, in milliseconds since the epoch. */
  readonly sentAt: number;
}

/** The resources that a program has met. */
export class Resources {
  readonly #kept: KeptDocuments;
  readonly #issuers: Issuers;
  readonly #now: () => number;
  readonly #known = new Map<string, KnownResource>();
  /** Origins and paths for which nothing was kept. */
  readonly #unknown = new Set<string>();
  readonly #flights = new SingleFlight<Leader>();
  readonly #updates = new SingleFlight();

  constructor(kept: KeptDocuments, issuers: Issuers, now: () => number) {
    this.#kept = kept;
    this.#issuers = issuers;
    this.#now = now;
  }

  /** Returns the resource that a URL belongs to, if it is known in this process or was in an earlier one. */
  async find(url: URL): Promise<KnownResource | undefined> {
    const known = resourceOf(this.#known.values(), url) ?? (await this.#remembered(url));
    return known && this.#now() < known.facts.readAt + LIFETIME_MS ? known : undefined;
  }

  /**
   * Reads what a resource publishes, unless that has been done since the request was sent.
   *
   * @throws ClientAuthError `invalid_resource_metadata`; ClientConfigurationError `authority_mismatch` when the resource has
   * moved to another issuer than that of a registered client
   */
  async learn(refused: Refused, call: MetadataCall): Promise<KnownResource> {
    const { url, sentAt } = refused;
    const known = resourceOf(this.#known.values(), url) ?? (await this.#remembered(url));
    if (known && known.facts.readAt > sentAt) return known;
    const place = `${url.origin}${url.pathname}`;
    const clients = (reach: Parameters<Issuers["clients"]>[0]) => this.#issuers.clients(reach);
    const facts = await inOwnTime(this.#flights, call, {
      key: place,
      what: "metadata of the resource",
      start: (signal) => discoverResource({ ...refused, clients }, { ...call, signal }),
    });
    // The app is asked once about an issuer, and takes its time.
    const update = () => this.#update(facts, resourceOf(this.#known.values(), url));
    return call.budget.apart(() => this.#updates.run(place, call.signal, update));
  }

  /** Keeps what is known of a resource for the next start of the program. */
  async keep(known: KnownResource): Promise<void> {
    await this.#kept.write(nameOf(known.facts.covers), keptResource(known));
  }

  async #update(facts: ResourceFacts, known: KnownResource | undefined): Promise<KnownResource> {
    const own = this.#known.get(facts.covers) ?? known;
    const issuer = await this.#issuers.choose(facts, own?.issuer);
    if (own && own.facts.covers === facts.covers && own.issuer === issuer) {
      own.facts = facts;
      return own;
    }
    if (own && own.issuer !== issuer && own.client?.way === "registered")
      await this.#requireRegistered(own, issuer);
    const moved: KnownResource = { facts, issuer };
    this.#known.set(facts.covers, moved);
    return moved;
  }

  async #requireRegistered({ issuer: old, facts, client }: KnownResource, issuer: string): Promise<void> {
    if (await this.#issuers.isRegisteredAt(issuer, facts.resource ?? facts.covers)) return;
    throw clientConfigurationError(
      "authority_mismatch",
      `${facts.covers} is now protected by ${issuer}, but the client "${client?.clientId ?? ""}" is registered at ${old}: nothing is sent. Register the client there and pass the registration, if the move is right.`,
    );
  }

  async #remembered(url: URL): Promise<KnownResource | undefined> {
    const place = `${url.origin}${url.pathname}`;
    if (this.#unknown.has(place)) return undefined;
    const kept = await Promise.all(namesOf(url).map((name) => this.#kept.read(name)));
    const found = resourceOf(
      kept.map(readResource).filter((one) => one !== undefined),
      url,
    );
    if (!found) {
      if (this.#unknown.size > MOST_UNKNOWN) this.#unknown.clear();
      this.#unknown.add(place);
      return undefined;
    }
    const known = this.#known.get(found.facts.covers) ?? found;
    this.#known.set(found.facts.covers, known);
    return known;
  }
}

const MOST_UNKNOWN = 1000;
