import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { acquireProcessLock } from "@tessera/persistence";
import { codeOf, failure, usageError } from "../errors.js";
import { dataFolder } from "./data-folder.js";
import { isProfileName, readProfileText, writtenProfile, type Profile } from "./profile.js";

/** The profile that is meant when none is named. */
export const DEFAULT_PROFILE = "default";

/** Returns the folder of a profile: its file, its tokens and its locks. */
export function profileFolder(name: string): string {
  return join(dataFolder(), "profiles", name);
}

/**
 * Returns the profile that a command is about: the one that `--profile` or `TESSERA_PROFILE` names, else `default`, else the
 * only one.
 *
 * @throws CommandError if it does not exist
 */
export function selectedProfile(named: string | undefined): Profile {
  const name = profileName(named);
  const found = readProfile(name ?? DEFAULT_PROFILE);
  if (found) return found;
  const all = profileNames();
  const only = name === undefined && all.length === 1 ? readProfile(all[0] ?? "") : undefined;
  if (only) return only;
  if (name !== undefined || all.length === 0)
    throw usageError(
      `There is no profile "${name ?? DEFAULT_PROFILE}": run tessera login --profile ${name ?? DEFAULT_PROFILE} --client-id ID, with --authority, --issuer or --preset.`,
    );
  throw usageError(`There are several profiles: pass --profile with one of ${all.join(", ")}.`);
}

/** Returns the name that `--profile` or `TESSERA_PROFILE` gives, if one does. */
export function profileName(named: string | undefined): string | undefined {
  const name = named ?? (process.env["TESSERA_PROFILE"] || undefined);
  if (name === undefined || isProfileName(name)) return name;
  throw usageError(
    `The profile is called "${name}": pass 1 to 64 letters, digits, dots, hyphens and underscores, beginning with a letter or digit.`,
  );
}

/** Returns a profile, or `undefined` if there is none of that name. */
export function readProfile(name: string): Profile | undefined {
  const file = join(profileFolder(name), "profile.json");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw failure(`${file} cannot be read (${codeOf(error)}): check that it belongs to you.`, error);
  }
  return readProfileText(name, file, text);
}

/** Returns the names of all profiles. */
export function profileNames(): readonly string[] {
  const folder = join(dataFolder(), "profiles");
  try {
    return readdirSync(folder)
      .filter((name) => isProfileName(name) && existsSync(join(folder, name, "profile.json")))
      .sort();
  } catch {
    return [];
  }
}

/** Returns all profiles. */
export function allProfiles(): readonly Profile[] {
  return profileNames().flatMap((name) => readProfile(name) ?? []);
}

/**
 * Changes a profile. Processes that do so at once take turns.
 *
 * @param change gets the current profile, if there is one, and returns the new one
 */
export async function changeProfile(
  name: string,
  change: (current: Profile | undefined) => Profile,
): Promise<Profile> {
  const folder = profileFolder(name);
  makeFolder(folder);
  const lock = await acquireProcessLock({
    directory: join(folder, "locks"),
    name: "profile",
    timeoutMs: 30_000,
  });
  try {
    const changed = change(readProfile(name));
    writeProfile(changed);
    return changed;
  } finally {
    lock.release();
  }
}

/** After a crash at any moment, the file has either the old or the new content. */
function writeProfile(profile: Profile): void {
  const folder = profileFolder(profile.name);
  const file = join(folder, "profile.json");
  const temporary = `${file}.new-${process.pid}`;
  try {
    writeFileSync(temporary, writtenProfile(profile), { mode: 0o600 });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw failure(
      `${file} cannot be written (${codeOf(error)}): check the folder and the space on its disk.`,
      error,
    );
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw failure(`${folder} cannot be created (${codeOf(error)}): check the folder above it.`, error);
  }
}
