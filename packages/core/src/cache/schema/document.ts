import { isObject, parseJsonObject } from "../../encoding.js";
import type { Entry, Partition } from "../memory/partition.js";
import {
  appPartition,
  assertionPartition,
  userPartition,
  type PartitionKey,
} from "../memory/partition-key.js";
import { SECTIONS, type Section } from "./schema.js";

/** The document of `schema.ts`, before anything in it has been checked. */
export type CacheDocument = Record<string, unknown>;

/** A stored document; a text without content is an empty one, and `undefined` means that it is not a document. */
export function parseDocument(text: string): CacheDocument | undefined {
  return text.trim() === "" ? {} : parseJsonObject(text);
}

/** Receives what {@link readDocument} finds. */
export interface DocumentReader {
  /** An entity the library understands. */
  entry(entry: Entry): void;
  /** A section, or an entity of a known section, that it does not: to be kept as it is. */
  foreign(section: string, key: string | undefined, value: unknown): void;
}

/** Walks through a document once. Decodes nothing: tokens are looked into when they are first asked for. */
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

  /** Adds an entity, unless one with its key is there already: a user may be known in more than one partition. */
  add({ section, key, entity }: Entry): void {
    const entities = this.#sections[section];
    if (!Object.hasOwn(entities, key)) set(entities, key, entity);
    // Keys are in lower case, ids are not: of two users who differ in that alone, none may displace the other.
    else if (!sameUser(entities[key], entity)) this.add({ section, key: `${key}-`, entity });
  }

  /** Adds all entities of a partition. */
  addAll(partition: Partition): void {
    for (const section of SECTIONS) for (const entry of partition.all(section)) this.add(entry);
  }

  /** Adds what the library does not understand. Called last: it gives way to what was written in its place. */
  addForeign(foreign: CacheDocument): void {
    for (const [name, value] of Object.entries(foreign)) {
      // A section may be called `constructor`, which every object has.
      const entities = isSection(name) ? this.#sections[name] : undefined;
      if (entities && isObject(value)) {
        for (const [key, entity] of Object.entries(value)) {
          if (!Object.hasOwn(entities, key)) set(entities, key, entity);
        }
      } else if (!entities || Object.keys(entities).length === 0) set(this.#rest, name, value);
    }
  }

  /** The document. */
  document(): CacheDocument {
    return { ...this.#sections, ...this.#rest };
  }
}

/** One document laid over another: what both name is taken from the upper one. */
export function overlaid(below: CacheDocument, above: CacheDocument): CacheDocument {
  const merged: CacheDocument = { ...below };
  for (const [section, entities] of Object.entries(above)) {
    const base = Object.hasOwn(below, section) ? below[section] : undefined;
    set(merged, section, isObject(base) && isObject(entities) ? { ...base, ...entities } : entities);
  }
  return merged;
}

/** Keeps one foreign section or entity in a document of such. */
export function addForeign(
  foreign: CacheDocument,
  section: string,
  key: string | undefined,
  value: unknown,
): void {
  if (key === undefined) {
    set(foreign, section, value);
    return;
  }
  const entities = foreign[section];
  if (isObject(entities)) set(entities, key, value);
  else {
    const fresh: Record<string, unknown> = {};
    set(fresh, key, value);
    set(foreign, section, fresh);
  }
}

/** The partition an entity belongs to by its fields. */
export function partitionOf({ section, entity }: Entry): PartitionKey {
  const assertion = entity["userAssertionHash"] ?? entity["user_assertion_hash"];
  if (typeof assertion === "string" && assertion !== "") return assertionPartition(withoutPadding(assertion));
  const home = entity["home_account_id"];
  if (typeof home === "string" && home !== "") return userPartition(home);
  return section === "AccessToken"
    ? appPartition(String(entity["client_id"]), String(entity["realm"]))
    : userPartition("");
}

/** Without the padding of base64. The expression /=+$/ would read a run of `=` again from each of them. */
function withoutPadding(text: string): string {
  let end = text.length;
  while (text[end - 1] === "=") end -= 1;
  return text.slice(0, end);
}

/** What an entity cannot be without, field by field: to read by a computed name is several times slower. */
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
    mayBeText(username) &&
    mayBeText(name) &&
    mayBeText(type) &&
    mayBeText(info) &&
    (profiles === undefined || profiles === null || Array.isArray(profiles)),
  IdToken: (entity) => isCredential(entity) && isText(entity["realm"]),
  AccessToken: (entity) =>
    isCredential(entity) &&
    isText(entity["realm"]) &&
    isText(entity["target"]) &&
    mayBeText(entity["token_type"]) &&
    mayBeText(entity["resource"]) &&
    mayBeText(entity["id_token_realm"]) &&
    mayBeText(entity["ext_cache_key"]) &&
    mayBeTime(entity["cached_at"]) &&
    mayBeTime(entity["expires_on"]) &&
    mayBeTime(entity["extended_expires_on"]) &&
    mayBeTime(entity["refresh_on"]) &&
    mayBeTexts(entity["additionalCacheKeyComponents"]),
  RefreshToken: (entity) =>
    isCredential(entity) &&
    mayBeText(entity["family_id"]) &&
    mayBeText(entity["realm"]) &&
    mayBeTime(entity["expires_on"]) &&
    mayBeTime(entity["last_modification_time"]),
  AppMetadata: ({ environment, client_id: client, family_id: family }) =>
    isText(environment) && isText(client) && mayBeText(family),
};

function isCredential({
  home_account_id: home,
  environment,
  client_id: client,
  secret,
  userAssertionHash: assertion,
  user_assertion_hash: assertionOfOthers,
}: Readonly<Record<string, unknown>>): boolean {
  return (
    mayBeText(home) &&
    isText(environment) &&
    isText(client) &&
    isText(secret) &&
    mayBeText(assertion) &&
    mayBeText(assertionOfOthers)
  );
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

/** A field that may be missing, but is worked with as a text where it is there. */
function mayBeText(value: unknown): boolean {
  return value === undefined || value === null || typeof value === "string";
}

/** Last moment a `Date` can hold, in seconds since the epoch. */
const LAST_MOMENT = 8.64e12;

/** Seconds since the epoch, as a string or, as some libraries write them, a number. */
function isTime(value: unknown): boolean {
  return (typeof value === "string" || typeof value === "number") && Math.abs(Number(value)) <= LAST_MOMENT;
}

function mayBeTime(value: unknown): boolean {
  return value === undefined || value === null || isTime(value);
}

function mayBeTexts(value: unknown): boolean {
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

/** Sets a member whatever its name: assigning to `__proto__` would set none. */
function set(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== "__proto__") target[name] = value;
  else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}
