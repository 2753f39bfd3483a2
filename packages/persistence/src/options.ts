import { isAbsolute } from "node:path";
import { dataFolder } from "./files/data-folder.js";
import { invalid, invalidOption, requireKnownOptions } from "./invalid-option.js";
import type { MigrationSource } from "./migration/migration.js";
import { emitProblemWarning, type PersistenceProblem, type ProblemListener } from "./problem.js";
import { clearText } from "./protection/clear.js";
import { passphraseProtection } from "./protection/passphrase.js";
import type { Protection } from "./protection/protection.js";

/** Options of `createPersistentCache`. */
export interface PersistentCacheOptions {
  /**
   * Name of the app in the platform's data folder and in the keychain: 1 to 64 letters, digits, `.`, `_`, `-` and spaces,
   * beginning with a letter or digit.
   */
  readonly appName: string;
  /**
   * Absolute path of a folder used only by this cache. Default: `{data folder}/{appName}`, where the data folder is
   * `$XDG_DATA_HOME` or `~/.local/share` (Linux), `~/Library/Application Support` (macOS), `%LOCALAPPDATA%` (Windows).
   */
  readonly directory?: string;
  /**
   * How the cache is protected:
   * - `"keychain"` (default): encrypted with a key in the operating system's keychain
   * - `{ passphrase }`: encrypted with a key derived from a passphrase (scrypt), for machines without a keychain
   * - `"none"`: not encrypted. On Linux and macOS, only the owner can access the file (mode 0600); on Windows, the file
   *   inherits the access rights of its folder
   */
  readonly protection?: "keychain" | { readonly passphrase: string } | "none";
  /** A cache of `@azure/msal-node-extensions` to import once, with the options it was created with. */
  readonly migrateFrom?: MigrationSource;
  /** Called once for each problem that was found and repaired. Default: `process.emitWarning`. */
  readonly onProblem?: ProblemListener;
}

const OPTIONS: readonly string[] = Object.keys({
  appName: true,
  directory: true,
  protection: true,
  migrateFrom: true,
  onProblem: true,
} satisfies Record<keyof PersistentCacheOptions, true>);

export interface CheckedOptions {
  readonly appName: string;
  readonly directory: string;
  readonly protection: "keychain" | Protection;
  readonly migrateFrom: MigrationSource | undefined;
  readonly onProblem: ProblemListener;
}

export function checkOptions(options: PersistentCacheOptions): CheckedOptions {
  const {
    appName,
    directory,
    protection = "keychain",
    migrateFrom,
    onProblem = emitProblemWarning,
  } = options ?? {};
  requireKnownOptions(options ?? {}, OPTIONS, "createPersistentCache");
  if (typeof appName !== "string" || !isFolderName(appName)) {
    throw invalidOption(
      "appName",
      appName,
      "pass 1 to 64 letters, digits, dots, hyphens, underscores and spaces, beginning with a letter or digit; names that Windows reserves for devices are not allowed",
    );
  }
  if (directory !== undefined && !(typeof directory === "string" && isAbsolute(directory))) {
    throw invalidOption("directory", directory, "pass the absolute path of a folder, or omit it");
  }
  const source: unknown = migrateFrom?.cachePath;
  if (migrateFrom !== undefined && !(typeof source === "string" && isAbsolute(source))) {
    // The value is not shown, since the cache itself may have been passed instead of its path.
    throw invalid(
      "migrateFrom has no absolute cachePath: pass { cachePath } with the absolute path of the peer's file.",
    );
  }
  if (typeof onProblem !== "function") throw invalidOption("onProblem", onProblem, "pass a function");
  return {
    appName,
    directory: directory ?? dataFolder(appName),
    protection: checkProtection(protection),
    migrateFrom,
    onProblem: isolateErrors(onProblem),
  };
}

/** A listener that throws or rejects does not affect the app; the problem is then emitted as a warning. */
function isolateErrors(listener: (problem: PersistenceProblem) => unknown): ProblemListener {
  return (problem) => {
    new Promise((resolve) => {
      resolve(listener(problem));
    }).catch(() => {
      emitProblemWarning(problem);
    });
  };
}

/** Applies the rules of all platforms, so that an app that runs on one runs on the others. */
function isFolderName(name: string): boolean {
  if (/^(?:aux|con|nul|prn|com\d|lpt\d)(?:\.|$)/.test(name.toLowerCase())) return false;
  // Most names do not need the second expression, which takes half a millisecond to compile.
  return (
    /^[A-Za-z\d](?:[\w. -]{0,62}[\w-])?$/.test(name) ||
    /^(?=[\p{L}\p{N}])[\p{L}\p{N}._ -]{0,63}[\p{L}\p{N}_-]$/u.test(name)
  );
}

function checkProtection(
  protection: NonNullable<PersistentCacheOptions["protection"]>,
): "keychain" | Protection {
  if (protection === "keychain") return protection;
  if (protection === "none") return clearText;
  const passphrase: unknown = typeof protection === "object" ? protection?.passphrase : undefined;
  if (typeof passphrase === "string" && passphrase !== "") return passphraseProtection(passphrase);
  // The value is not shown, since it may contain the passphrase.
  throw invalid('protection is invalid: pass "keychain", { passphrase } with a non-empty string, or "none".');
}
