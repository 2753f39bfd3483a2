/**
 * A token cache for desktop and command-line apps that outlives the process: encrypted, crash-safe, and shared by all
 * processes of the app.
 *
 * @packageDocumentation
 */
export {
  createPersistentCache,
  type PersistentCache,
  type PersistentCacheOptions,
} from "./create-persistent-cache.js";
export { PersistenceError, PersistenceErrorCodes, type PersistenceErrorCode } from "./errors.js";
export type { MigrationSource } from "./migration.js";
export type { PersistenceProblem, ProblemListener } from "./problem.js";
