/**
 * A persistent token cache for desktop and command-line apps: encrypted, crash-safe, and shared by all processes of the app.
 *
 * @packageDocumentation
 */
export { createPersistentCache, type PersistentCache } from "./create-persistent-cache.js";
export type { PersistentCacheOptions } from "./options.js";
export { PersistenceError, PersistenceErrorCodes, type PersistenceErrorCode } from "./errors.js";
export type { MigrationSource } from "./migration/migration.js";
export type { PersistenceProblem, ProblemListener } from "./problem.js";
export { acquireProcessLock, type ProcessLock, type ProcessLockOptions } from "./lock/process-lock.js";
