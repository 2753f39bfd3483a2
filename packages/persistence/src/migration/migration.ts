import { existsSync, readFileSync } from "node:fs";
import { delay } from "../delay.js";
import { unprotect } from "./dpapi.js";
import { isPersistenceError, PersistenceError, systemCode } from "../errors.js";
import { isObject, type JsonObject } from "../json.js";
import { loadKeytar, readEntry, type KeychainEntry } from "../protection/keychain.js";
import { replaceFile } from "../files/private-file.js";
import type { StoredCache } from "../stored-cache.js";

/**
 * Location of a cache of `@azure/msal-node-extensions`: the options of its `PersistenceCreator.createPersistence`.
 */
export interface MigrationSource {
  /** Absolute path of its file: the cache, plain or encrypted by Windows, or a marker if the cache is in a keychain. */
  readonly cachePath: string;
  /** Service of its entry in the keychain (macOS, Linux). */
  readonly serviceName?: string;
  /** Account of its entry in the keychain (macOS, Linux). */
  readonly accountName?: string;
}

/** The first bytes of a DPAPI blob: version 1 and the ID of the provider. */
const DPAPI_HEADER = "01000000d08c9ddf0115d1118c7a00c04fc297eb";

/**
 * Imports another library's cache once, so that a user who signs out later stays signed out. Existing entries are newer and
 * take precedence. The source is not changed.
 *
 * @param markPath file that records the imported sources
 * @throws PersistenceError `migration_failed` if the source exists but cannot be read; the import is retried next time
 */
export async function migrateOnce(
  source: MigrationSource,
  cache: StoredCache,
  markPath: string,
): Promise<void> {
  const name = JSON.stringify([source.cachePath, source.serviceName ?? "", source.accountName ?? ""]);
  if (readMarks(markPath).includes(name)) return;
  const lock = await cache.lock();
  try {
    const marks = readMarks(markPath);
    if (marks.includes(name)) return;
    const imported = await readConsistent(source);
    // The peer's file is "{}" if the cache is in a keychain, and a locked keychain reports no entries.
    if (Object.keys(imported).length === 0) return;
    const existing = parse(await cache.load(lock), source);
    await cache.save(JSON.stringify(merge(imported, existing)), lock);
    await replaceFile(markPath, JSON.stringify([...marks, name]), lock.isHeld);
  } finally {
    lock.release();
  }
}

/** Retries if the content is incomplete or empty, since the peer writes in place and may be doing so right now. */
async function readConsistent(source: MigrationSource): Promise<JsonObject> {
  for (let attempt = 1; ; attempt += 1) {
    const last = attempt === 10;
    try {
      const sections = parse(await readSource(source), source);
      if (last || Object.keys(sections).length > 0 || !isLocked(source)) return sections;
    } catch (error) {
      // The peer may have released its lock in the meantime.
      if (last || (attempt > 1 && !isLocked(source))) throw error;
    }
    await delay(50);
  }
}

const isLocked = ({ cachePath }: MigrationSource): boolean => existsSync(`${cachePath}.lockfile`);

/** Reads the peer's serialized cache; empty if there is none. */
async function readSource({ cachePath, serviceName, accountName }: MigrationSource): Promise<string> {
  if (serviceName && accountName && process.platform !== "win32") {
    const entry = await readPeerEntry({ service: serviceName, account: accountName });
    if (entry) return entry;
  }
  const content = readIfExists(cachePath);
  if (content.toString("hex", 0, DPAPI_HEADER.length / 2) !== DPAPI_HEADER) return content.toString("utf8");
  if (process.platform === "win32") return unprotect(content);
  throw new PersistenceError(
    "migration_failed",
    `${cachePath} was encrypted by Windows for a user of that machine: import it there, or omit migrateFrom.`,
  );
}

/** Without a keychain, the peer may have been configured to use a plain file (`usePlaintextFileOnLinux`). */
async function readPeerEntry(entry: KeychainEntry): Promise<string | undefined> {
  try {
    return await readEntry(await loadKeytar(), entry);
  } catch (error) {
    if (isPersistenceError(error) && error.errorCode === "keychain_unavailable") return undefined;
    throw error;
  }
}

function readIfExists(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return Buffer.alloc(0);
    throw new PersistenceError("migration_failed", `${path} cannot be read.`, error);
  }
}

function parse(text: string, { cachePath }: MigrationSource): JsonObject {
  try {
    // `trim` also removes a byte order mark.
    const value: unknown = JSON.parse(text.trim() || "{}");
    if (isObject(value)) return value;
  } catch {
    // Reported below, without the content, which may include tokens.
  }
  throw new PersistenceError(
    "migration_failed",
    `The content that @azure/msal-node-extensions stored for ${cachePath} is not a token cache: omit migrateFrom.`,
  );
}

/** Merges two caches section by section; existing entries take precedence. */
function merge(imported: JsonObject, existing: JsonObject): JsonObject {
  const sections = [...new Set([...Object.keys(imported), ...Object.keys(existing)])];
  return Object.fromEntries(
    sections.map((section) => {
      const [theirs, ours] = [imported[section], existing[section]];
      return [section, isObject(theirs) && isObject(ours) ? { ...theirs, ...ours } : (ours ?? theirs)];
    }),
  );
}

function readMarks(path: string): readonly unknown[] {
  try {
    const marks: unknown = JSON.parse(readFileSync(path, "utf8"));
    return Array.isArray(marks) ? marks : [];
  } catch {
    return [];
  }
}
