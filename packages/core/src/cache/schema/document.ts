import { isObject, parseOwnJsonObject } from "../../encoding.js";
import type { Entry } from "../memory/entry.js";
import type { Partition } from "../memory/partition.js";
import {
  appPartition,
  assertionPartition,
  FMI_PATH,
  userPartition,
  type PartitionKey,
} from "../memory/partition-key.js";
import { SECTIONS, type Section } from "./schema.js";

/** A document as in `schema.ts`, not yet validated. */
export type CacheDocument = Record<string, unknown>;

/** Parses a stored document; blank text is an empty document. Returns `undefined` if it is not a document. */
export function parseDocument(text: string): CacheDocument | undefined {
  return text.trim() === "" ? {} : parseOwnJsonObject(text);
}

/** Receives the content found by {@link readDocument}. */
export interface DocumentReader {
  /** Called for each known entity. */
  entry(entry: Entry): void;
  /** Called for each unknown section, and each unknown entity of a known section, to be preserved as is. */
  foreign(section: string, key: string | undefined, value: unknown): void;
}

/** Iterates over a document once, without decoding tokens: they are decoded on first use. */
export function readDocument(document: CacheDocument, reader: DocumentReader): void {
  for (const [name, section] of Object.entries(document)) {
    if (!isSection(name) || !isObject(section)) {
      reader.foreign(name, undefined, section);
      continue;
    }
    for (const key of Object.keys(section)) {
      const entity = section[key];
      if (isEntity(name, entity)) reader.entry({ section: name, key, entity });
      else reader.foreign(name, key, entity);
    }
  }
}

/** Builds a document. */
export class DocumentWriter {
  readonly #sections = Object.fromEntries(SECTIONS.map((section) => [section, {}])) as Readonly<
    Record<Section, Record<string, unknown>>
  >;
  readonly #rest: CacheDocument = {};

  /** Adds an entity, unless its key already exists: a user may be in more than one partition. */
  add({ section, key, entity }: Entry): void {
    const entities = this.#sections[section];
    if (!Object.hasOwn(entities, key)) setMember(entities, key, entity);
    // Keys are in lower case, ids are not: of two users who differ in that alone, none may displace the other.
    else if (!sameUser(entities[key], entity)) this.add({ section, key: `${key}-`, entity });
  }

  /** Adds all entities of a partition. */
  addAll(partition: Partition): void {
    for (const section of SECTIONS) for (const entry of partition.all(section)) this.add(entry);
  }

  /** Adds unknown content. Called last, so that it does not replace known entities with the same key. */
  addForeign(foreign: CacheDocument): void {
    for (const [name, value] of Object.entries(foreign)) {
      // A section could be named `constructor`, which every object inherits.
      const entities = isSection(name) ? this.#sections[name] : undefined;
      if (entities && isObject(value)) {
        for (const [key, entity] of Object.entries(value)) {
          if (!Object.hasOwn(entities, key)) setMember(entities, key, entity);
        }
      } else if (!entities || Object.keys(entities).length === 0) setMember(this.#rest, name, value);
    }
  }

  /** Returns the document. */
  document(): CacheDocument {
    return { ...this.#sections, ...this.#rest };
  }
}

/** Merges two documents. Entries of `above` replace those of `below`. */
export function overlaid(below: CacheDocument, above: CacheDocument): CacheDocument {
  const merged: CacheDocument = { ...below };
  for (const [section, entities] of Object.entries(above)) {
    const base = Object.hasOwn(below, section) ? below[section] : undefined;
    setMember(merged, section, isObject(base) && isObject(entities) ? { ...base, ...entities } : entities);
  }
  return merged;
}

/** Adds one unknown section or entity to a document. */
export function addForeign(
  foreign: CacheDocument,
  section: string,
  key: string | undefined,
  value: unknown,
): void {
  if (key === undefined) {
    setMember(foreign, section, value);
    return;
  }
  const entities = foreign[section];
  if (isObject(entities)) setMember(entities, key, value);
  else {
    const fresh: Record<string, unknown> = {};
    setMember(fresh, key, value);
    setMember(foreign, section, fresh);
  }
}

/** Returns the partition that an entity belongs to, from its fields. */
export function partitionOf({ section, entity }: Entry): PartitionKey {
  const assertion = entity["userAssertionHash"] ?? entity["user_assertion_hash"];
  if (typeof assertion === "string" && assertion !== "") return assertionPartition(withoutPadding(assertion));
  const home = entity["home_account_id"];
  if (typeof home === "string" && home !== "") return userPartition(home);
  if (section !== "AccessToken") return userPartition("");
  const components = entity["additionalCacheKeyComponents"] as Readonly<Record<string, string>> | undefined;
  return appPartition(String(entity["client_id"]), String(entity["realm"]), components?.[FMI_PATH]);
}

/** Removes base64 padding. A loop, because `/=+$/` takes quadratic time on a long run of `=`. */
function withoutPadding(text: string): string {
  let end = text.length;
  while (text[end - 1] === "=") end -= 1;
  return text.slice(0, end);
}

/**
 * Checks the required fields of each section. Fields are read by literal name, because computed names are several
 * times slower.
 */
const IS_ENTITY: Readonly<Record<Section, (entity: Readonly<Record<string, unknown>>) => boolean>> = {
  Account: ({
    home_account_id: home,
    environment,
    realm,
    local_account_id: id,
    username,
    name,
    authority_type: type,
    client_info: info,
    tenantProfiles: profiles,
  }) =>
    isText(home) &&
    isText(environment) &&
    isText(realm) &&
    isText(id) &&
    isOptionalText(username) &&
    isOptionalText(name) &&
    isOptionalText(type) &&
    isOptionalText(info) &&
    (profiles === undefined || profiles === null || Array.isArray(profiles)),
  IdToken: (entity) => isCredential(entity) && isText(entity["realm"]),
  AccessToken: (entity) =>
    isCredential(entity) &&
    isText(entity["realm"]) &&
    isText(entity["target"]) &&
    isOptionalText(entity["token_type"]) &&
    isOptionalText(entity["resource"]) &&
    isOptionalText(entity["authorization_details"]) &&
    isOptionalText(entity["id_token_realm"]) &&
    isOptionalText(entity["tenant_domain"]) &&
    isOptionalText(entity["ext_cache_key"]) &&
    isOptionalTime(entity["cached_at"]) &&
    isOptionalTime(entity["expires_on"]) &&
    isOptionalTime(entity["extended_expires_on"]) &&
    isOptionalTime(entity["refresh_on"]) &&
    isOptionalTextList(entity["additionalCacheKeyComponents"]),
  RefreshToken: (entity) =>
    isCredential(entity) &&
    isOptionalText(entity["family_id"]) &&
    isOptionalText(entity["realm"]) &&
    isOptionalTime(entity["expires_on"]) &&
    isOptionalTime(entity["last_modification_time"]),
  AppMetadata: ({ environment, client_id: client, family_id: family }) =>
    isText(environment) && isText(client) && isOptionalText(family),
};

function isCredential({
  home_account_id: home,
  environment,
  client_id: client,
  secret,
  key_id: keyId,
  dpop_key: key,
  userAssertionHash: assertion,
  user_assertion_hash: assertionOfOthers,
}: Readonly<Record<string, unknown>>): boolean {
  return (
    isOptionalText(home) &&
    isText(environment) &&
    isText(client) &&
    isText(secret) &&
    isOptionalText(keyId) &&
    isOptionalText(key) &&
    isOptionalText(assertion) &&
    isOptionalText(assertionOfOthers)
  );
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

/** Whether a field is missing or a string. */
function isOptionalText(value: unknown): boolean {
  return value === undefined || value === null || typeof value === "string";
}

/** The latest time a `Date` can represent, in seconds since the epoch. */
const MAX_SECONDS = 8.64e12;

/** Whether a value is a time in seconds since the epoch, as a string or, as some libraries write it, a number. */
function isTime(value: unknown): boolean {
  return (typeof value === "string" || typeof value === "number") && Math.abs(Number(value)) <= MAX_SECONDS;
}

function isOptionalTime(value: unknown): boolean {
  return value === undefined || value === null || isTime(value);
}

function isOptionalTextList(value: unknown): boolean {
  return value === undefined || value === null || (isObject(value) && Object.values(value).every(isText));
}

function isEntity(section: Section, entity: unknown): entity is Entry["entity"] {
  return isObject(entity) && IS_ENTITY[section](entity);
}

function sameUser(a: unknown, b: Entry["entity"]): boolean {
  return isObject(a) && (a["home_account_id"] ?? "") === (b["home_account_id"] ?? "");
}

function isSection(name: string): name is Section {
  return Object.hasOwn(IS_ENTITY, name);
}

/** Sets a member of any name; an assignment to `__proto__` would not create one. */
export function setMember(
  target: Record<string, unknown>,
  name: string,
  value: unknown,
): Record<string, unknown> {
  if (name !== "__proto__") target[name] = value;
  else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  return target;
}
