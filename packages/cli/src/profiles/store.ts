import { createPersistentCache, type PersistentCache } from "@tessera/persistence";
import { failure, usageError } from "../errors.js";
import { textOf } from "../files.js";
import type { StoreName } from "./profile.js";

const STORE_NAMES: readonly StoreName[] = ["keychain", "passphrase", "file"];

/** Returns the store that `--store` or `TESSERA_STORE` names, if one does. */
export function storeName(named: string | undefined): StoreName | undefined {
  const name = named ?? (process.env["TESSERA_STORE"] || undefined);
  if (name === undefined) return undefined;
  const known = STORE_NAMES.find((one) => one === name);
  if (known) return known;
  throw usageError(`The store is called "${name}": pass one of ${STORE_NAMES.join(", ")}.`);
}

/**
 * Opens the tokens of a profile.
 *
 * @param onProblem called with what was found and repaired
 */
export function openStore(
  folder: string,
  store: StoreName,
  onProblem: (message: string) => void,
): Promise<PersistentCache> {
  return createPersistentCache({
    appName: "tessera",
    directory: folder,
    protection: store === "keychain" ? "keychain" : store === "file" ? "none" : { passphrase: passphrase() },
    onProblem: ({ message }) => onProblem(message),
  });
}

function passphrase(): string {
  const file = process.env["TESSERA_PASSPHRASE_FILE"];
  if (!file)
    throw failure(
      "The store passphrase needs TESSERA_PASSPHRASE_FILE: set it to the path of a file with the passphrase, which only you may read.",
    );
  const text = textOf(file, "TESSERA_PASSPHRASE_FILE");
  // Editors end a file with a line break, which is not meant to be part of it.
  const phrase = text.endsWith("\r\n") ? text.slice(0, -2) : text.endsWith("\n") ? text.slice(0, -1) : text;
  if (phrase) return phrase;
  throw failure(`TESSERA_PASSPHRASE_FILE names ${file}, which is empty: write the passphrase into it.`);
}
