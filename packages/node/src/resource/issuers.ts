import {
  clientAuthError,
  isRecord,
  notedFailure,
  SingleFlight,
  withinCallTime,
  type ClientCredential,
} from "@tessera/core/internal";
import type { Configuration } from "../configuration.js";
import { onlyCredential } from "../credential/credential.js";
import { withinReach, type Reach } from "../http/network-zone.js";
import { allowIssuer } from "./allow-issuer.js";
import { IssuerApplication } from "./issuer-application.js";
import {
  dynamicClient,
  noClient,
  publishedClient,
  registeredAt,
  type IssuerClient,
} from "./issuer-client.js";
import {
  assumedMetadata,
  fetchIssuerMetadata,
  withoutOpenId,
  type IssuerMetadata,
} from "./issuer-metadata.js";
import type { Kept, KeptDocuments } from "./kept-documents.js";
import type { KnownResource, ResourceFacts } from "./known-resource.js";
import { issuerClient, metadataClients, type MetadataCall } from "./metadata-client.js";
import type { ResourceOptions } from "./options.js";

/** How long the metadata of an issuer are used before they are read again, in milliseconds. */
const LIFETIME_MS = 86_400_000;

/** The metadata of an issuer. */
export interface ReadMetadata {
  readonly metadata: IssuerMetadata;
  /** In milliseconds since the epoch. */
  readonly readAt: number;
}

/** A client at an issuer, ready to acquire tokens. */
export interface ReadyIssuer extends ReadMetadata {
  readonly application: IssuerApplication;
  readonly client: IssuerClient;
}

/** What is known of issuers, and the clients there. */
export class Issuers {
  readonly #options: ResourceOptions;
  readonly #kept: KeptDocuments;
  readonly #now: () => number;
  readonly #clients: ReturnType<typeof metadataClients>;
  readonly #metadata = new Map<string, ReadMetadata>();
  readonly #applications = new Map<string, IssuerApplication>();
  readonly #ready = new WeakMap<KnownResource, ReadyIssuer>();
  readonly #flights = new SingleFlight();

  constructor(options: ResourceOptions, kept: KeptDocuments, now: () => number) {
    this.#options = options;
    this.#kept = kept;
    this.#now = now;
    this.#clients = metadataClients(options.system);
  }

  /** Returns what sends requests for metadata. */
  clients(reach: Reach): ReturnType<ReturnType<typeof metadataClients>> {
    return this.#clients(reach);
  }

  /**
   * Chooses one of the issuers of a resource (RFC 9728 §7.6): the one that has been used, else one at which the program is
   * registered, else the first that is allowed.
   */
  async choose({ issuers, resource, covers }: ResourceFacts, used: string | undefined): Promise<string> {
    const about = resource ?? covers;
    if (used !== undefined && issuers.includes(used)) return used;
    for (const issuer of issuers) {
      const client = await registeredAt(issuer, about, this.#options.client);
      if (client && (await allowIssuer(this.#options, { issuer, resource: about, client }))) return issuer;
    }
    const [first] = issuers;
    if (first !== undefined) return first;
    throw clientAuthError(
      "invalid_resource_metadata",
      `The metadata of ${about} name no authorization server: a token cannot be acquired (RFC 9728, section 2).`,
    );
  }

  /**
   * Prepares the client of a known resource at its issuer.
   *
   * @param about metadata that were read before `since`, in milliseconds since the epoch, are read again; `forgotten` is the
   * ID of a registered client that the issuer no longer knows
   * @throws ClientConfigurationError `untrusted_authority`, `client_id_missing`, `authority_mismatch`; ClientAuthError
   * `openid_config_error`
   */
  async ready(
    known: KnownResource,
    { since, forgotten }: { readonly since: number; readonly forgotten?: string },
    call: MetadataCall,
  ): Promise<ReadyIssuer> {
    const { issuer, facts } = known;
    const last = this.#ready.get(known);
    const isCurrent = last && last.readAt >= since && this.#now() < last.readAt + LIFETIME_MS;
    if (isCurrent && last.client.auth.clientId !== forgotten) return last;
    const resource = facts.resource ?? facts.covers;
    const isInUse = known.user !== undefined;
    const registered = await call.budget.apart(async () => {
      const client = await registeredAt(issuer, resource, this.#options.client);
      await allowIssuer(this.#options, { issuer, resource, client, isInUse }, true);
      return client;
    });
    const reach = { from: facts.zone };
    const { metadata, readAt } = await this.#metadataOf(facts, { issuer, reach, since }, call);
    const client = registered ?? (await this.#clientAt({ metadata, reach, forgotten }, call));
    if (!client) throw noClient(issuer, resource);
    const ready = { application: this.#application(metadata, client, reach), metadata, client, readAt };
    this.#ready.set(known, ready);
    return ready;
  }

  /** Whether the program has a registration at an issuer. */
  async isRegisteredAt(issuer: string, resource: string): Promise<boolean> {
    return (await registeredAt(issuer, resource, this.#options.client)) !== undefined;
  }

  async #clientAt(
    {
      metadata,
      reach,
      forgotten,
    }: { readonly metadata: IssuerMetadata; readonly reach: Reach; readonly forgotten: string | undefined },
    call: MetadataCall,
  ): Promise<IssuerClient | undefined> {
    const { grant = "user", client, system } = this.#options;
    if (grant !== "user") return undefined;
    const published = publishedClient(metadata, client);
    if (published) return published;
    const at = {
      options: this.#options,
      kept: this.#kept,
      client: issuerClient(system, reach, metadata),
      metadata,
    };
    return withinCallTime(call, "registration of the client", (waiting) =>
      this.#flights.run(`client ${metadata.issuer}`, waiting, (signal) =>
        dynamicClient(at, { ...call, signal, budget: call.budget.renewed() }, forgotten),
      ),
    );
  }

  async #metadataOf(
    facts: ResourceFacts,
    { issuer, reach, since }: { readonly issuer: string; readonly reach: Reach; readonly since: number },
    call: MetadataCall,
  ): Promise<ReadMetadata> {
    const known = this.#metadata.get(issuer) ?? readMetadata(await this.#kept.read(nameOf(issuer)), issuer);
    const now = this.#now();
    const isFresh = known && known.readAt >= since && now < known.readAt + LIFETIME_MS;
    if (known && isFresh) {
      this.#metadata.set(issuer, known);
      return known;
    }
    const read = async (signal: AbortSignal | undefined): Promise<ReadMetadata> => {
      const client = this.#clients(reach);
      try {
        const shared = { ...call, signal, budget: call.budget.renewed() };
        const found = await notedFailure(client, shared, `issuer ${issuer}`, ({ onAsk }) => {
          onAsk?.();
          return fetchIssuerMetadata(client, issuer, shared);
        });
        const latest = { metadata: found ?? withoutDocument(facts, issuer), readAt: now };
        this.#metadata.set(issuer, latest);
        if (found) await this.#kept.write(nameOf(issuer), latest);
        return latest;
      } catch (error) {
        // What is known stays in use while the issuer cannot be asked.
        if (!known || signal?.aborted) throw error;
        client.logger().warning(`The metadata of ${issuer} cannot be read again: the last ones are used.`);
        return known;
      }
    };
    return withinCallTime(call, "metadata document of the issuer", (waiting) =>
      this.#flights.run(`metadata ${reach.from} ${issuer}`, waiting, read),
    );
  }

  #application(metadata: IssuerMetadata, client: IssuerClient, reach: Reach): IssuerApplication {
    const { cache, system } = this.#options;
    const { clientId } = client.auth;
    const key = JSON.stringify([clientId, client.isConfidential, reach, metadata]);
    const known = this.#applications.get(key);
    if (known) return known;
    const { clientMetadata, ...auth } = client.auth;
    const configuration: Configuration = {
      auth: {
        ...auth,
        ...(clientMetadata ? { clientMetadata } : {}),
        oidcAuthority: metadata.issuer,
        authorityMetadata: JSON.stringify(withoutOpenId(metadata)),
        isMcp: true,
      },
      ...(cache ? { cache } : {}),
      system: withinReach(system ?? {}, reach),
    };
    const credential: ClientCredential = client.isConfidential ? onlyCredential(auth) : { kind: "none" };
    const application = new IssuerApplication(configuration, credential);
    this.#applications.set(key, application);
    return application;
  }
}

function withoutDocument({ resource }: ResourceFacts, issuer: string): IssuerMetadata {
  if (resource === undefined) return assumedMetadata(issuer);
  throw clientAuthError(
    "openid_config_error",
    `The authorization server ${issuer} publishes no metadata: report it to its provider (RFC 8414).`,
  );
}

function nameOf(issuer: string): string {
  return `issuer ${issuer}`;
}

function readMetadata(kept: Kept | undefined, issuer: string): ReadMetadata | undefined {
  const { metadata, readAt } = kept ?? {};
  if (!isRecord(metadata) || metadata["issuer"] !== issuer || typeof readAt !== "number") return undefined;
  return { metadata: { ...metadata, issuer }, readAt };
}
