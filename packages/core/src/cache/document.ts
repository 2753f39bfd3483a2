import { isObject } from "../encoding.js";
import type { Entry, Partition } from "./partition.js";
import { appPartition, assertionPartition, userPartition, type PartitionKey } from "./partition-key.js";
import { SECTIONS, type Section } from "./schema.js";

/** The document of `schema.ts`, before anything in it has been checked. */
export type CacheDocument = Record<string, unknown>;

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
    for (const [key, entity] of Object.entries(section)) {
      if (isEntity(name, entity)) reader.entry({ section: name, key, entity });
      else reader.foreign(name, key, entity);
    }
  }
}

/** Builds a document. */
export class DocumentWriter {
  readonly #sections: Record<string, Record<string, unknown>> = {};
  readonly #rest: CacheDocument = {};

  constructor() {
    for (const section of SECTIONS) this.#sections[section] = {};
  }

  /** Adds an entity, unless one with its key is there already: a user may be known in more than one partition. */
  add({ section, key, entity }: Entry): void {
    const entities = this.#sections[section];
    if (!entities) return;
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
  if (typeof assertion === "string" && assertion !== "")
    return assertionPartition(assertion.replace(/=+$/, ""));
  const home = entity["home_account_id"];
  if (typeof home === "string" && home !== "") return userPartition(home);
  return section === "AccessToken"
    ? appPartition(String(entity["client_id"]), String(entity["realm"]))
    : userPartition("");
}

const TEXT_FIELDS: Readonly<Record<Section, readonly string[]>> = {
  Account: ["home_account_id", "environment", "realm", "local_account_id"],
  IdToken: ["environment", "client_id", "secret", "realm"],
  AccessToken: ["environment", "client_id", "secret", "realm", "target"],
  RefreshToken: ["environment", "client_id", "secret"],
  AppMetadata: ["environment", "client_id"],
};

/** Fields that may be missing, but are worked with as texts where they are there. */
const OPTIONAL_TEXT_FIELDS = ["username", "token_type", "family_id", "client_info"] as const;

function isEntity(section: Section, entity: unknown): entity is Entry["entity"] {
  return (
    isObject(entity) &&
    TEXT_FIELDS[section].every((field) => typeof entity[field] === "string") &&
    OPTIONAL_TEXT_FIELDS.every((field) => entity[field] == null || typeof entity[field] === "string")
  );
}

function sameUser(a: unknown, b: Entry["entity"]): boolean {
  return isObject(a) && (a["home_account_id"] ?? "") === (b["home_account_id"] ?? "");
}

function isSection(name: string): name is Section {
  return Object.hasOwn(TEXT_FIELDS, name);
}

/** Sets a member whatever its name: assigning to `__proto__` would set none. */
function set(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name !== "__proto__") target[name] = value;
  else Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}
