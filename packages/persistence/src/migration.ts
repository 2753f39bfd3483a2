import { existsSync, readFileSync } from "node:fs";
import { delay } from "./delay.js";
import { unprotect } from "./dpapi.js";
import { isPersistenceError, PersistenceError, systemCode } from "./errors.js";
import { loadKeytar, readEntry, type KeychainEntry } from "./keychain.js";
import { replaceFile } from "./private-file.js";
import type { StoredCache } from "./stored-cache.js";

/** Where `@azure/msal-node-extensions` keeps a cache: the options of its `PersistenceCreator.createPersistence`. */
export interface MigrationSource {
  /** Absolute path of its file: the cache itself, in clear or encrypted by Windows; beside a keychain entry, a mere mark. */
  readonly cachePath: string;
  /** Service of its entry in the keychain (macOS, Linux). */
  readonly serviceName?: string;
  /** Account of its entry in the keychain (macOS, Linux). */
  readonly accountName?: string;
}

/** What a DPAPI blob begins with: version 1, and the id of the provider. */
const DPAPI_HEADER = "01000000d08c9ddf0115d1118c7a00c04fc297eb";

/**
 * Takes over what another library has stored, once: a user who signs out afterwards stays signed out. What is here already
 * is newer, and stays. The source is left as it is.
 *
 * @param markPath a file that remembers what was taken over
 * @throws PersistenceError `migration_failed` when the source is there and cannot be read; it is tried again next time
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
    const below = await readWhole(source);
    // The peer's file is "{}" when the cache is in a keychain; and a locked keychain says that it holds nothing.
    if (Object.keys(below).length === 0) return;
    const above = parse((await cache.load(lock)) || "{}", source);
    await cache.save(JSON.stringify(merged(below, above)), lock);
    await replaceFile(markPath, JSON.stringify([...marks, name]), lock.isHeld);
  } finally {
    lock.release();
  }
}

/** The peer may be writing just now. It writes in place: what is torn or empty is whole a moment later. */
async function readWhole(source: MigrationSource): Promise<Sections> {
  for (let attempt = 1; ; attempt += 1) {
    const last = attempt === 10;
    try {
      const sections = parse((await readSource(source)) || "{}", source);
      if (last || Object.keys(sections).length > 0 || !isLocked(source)) return sections;
    } catch (error) {
      // The lock may have been given back since.
      if (last || (attempt > 1 && !isLocked(source))) throw error;
    }
    await delay(50);
  }
}

const isLocked = ({ cachePath }: MigrationSource): boolean => existsSync(`${cachePath}.lockfile`);

/** The text of the peer's cache; empty when there is none. */
async function readSource({ cachePath, serviceName, accountName }: MigrationSource): Promise<string> {
  if (serviceName && accountName && process.platform !== "win32") {
    const entry = await entryOf({ service: serviceName, account: accountName });
    if (entry) return entry;
  }
  const content = readIfThere(cachePath);
  if (content.toString("hex", 0, DPAPI_HEADER.length / 2) !== DPAPI_HEADER) return content.toString("utf8");
  if (process.platform === "win32") return unprotect(content);
  throw new PersistenceError(
    "migration_failed",
    `${cachePath} was encrypted by Windows for a user of that machine: migrate there, or leave migrateFrom out.`,
  );
}

/** Where there is no keychain the peer may have been told to keep a clear file (`usePlaintextFileOnLinux`). */
async function entryOf(entry: KeychainEntry): Promise<string | undefined> {
  try {
    return await readEntry(await loadKeytar(), entry);
  } catch (error) {
    if (isPersistenceError(error) && error.errorCode === "keychain_unavailable") return undefined;
    throw error;
  }
}

function readIfThere(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return Buffer.alloc(0);
    throw new PersistenceError("migration_failed", `${path} cannot be read.`, error);
  }
}

type Sections = Readonly<Record<string, unknown>>;

function parse(text: string, { cachePath }: MigrationSource): Sections {
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value;
  } catch {
    // Said below, without a piece of the text: it may hold tokens.
  }
  throw new PersistenceError(
    "migration_failed",
    `What @azure/msal-node-extensions stored for ${cachePath} is no token cache: leave migrateFrom out.`,
  );
}

/** Both caches, section by section; of entries with the same key the upper one's. */
function merged(below: Sections, above: Sections): Sections {
  const sections = [...new Set([...Object.keys(below), ...Object.keys(above)])];
  return Object.fromEntries(
    sections.map((section) => {
      const [lower, upper] = [below[section], above[section]];
      return [section, isObject(lower) && isObject(upper) ? { ...lower, ...upper } : (upper ?? lower)];
    }),
  );
}

function isObject(value: unknown): value is Sections {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function readMarks(path: string): readonly unknown[] {
  try {
    const marks: unknown = JSON.parse(readFileSync(path, "utf8"));
    return Array.isArray(marks) ? marks : [];
  } catch {
    return [];
  }
}
