import type { Context } from "../context.js";
import { accountChecks, systemChecks, type Finding } from "../doctor/system.js";
import { providerChecks } from "../doctor/provider.js";
import { requestSample } from "../doctor/request-sample.js";
import { failure } from "../errors.js";
import { profileName, readProfile, allProfiles } from "../profiles/profiles.js";

/** `tessera doctor`: looks for what is wrong. Its output has no secret and no token in it. */
export async function doctor(context: Context): Promise<void> {
  const named = profileName(context.given.text("profile"));
  const profile = named === undefined ? undefined : readProfile(named);
  const profiles = named === undefined ? allProfiles() : profile ? [profile] : [];
  let problems = 0;
  const show = ({ state, what, text }: Finding): void => {
    if (state === "problem") problems += 1;
    process.stdout.write(`${MARKS[state]} ${what}: ${text}\n`);
  };
  for (const finding of await systemChecks()) show(finding);
  if (named !== undefined && !profile)
    show({ state: "problem", what: "profile", text: `"${named}" does not exist: run tessera login` });
  if (profiles.length === 0)
    show({ state: "note", what: "profiles", text: "there is none: run tessera login" });
  for (const one of profiles) {
    process.stdout.write(`\nprofile ${one.name}\n`);
    for (const finding of await accountChecks(one, context)) show(finding);
    for (const finding of await providerChecks(one, context)) show(finding);
    for (const finding of await requestSample(one)) show(finding);
  }
  if (problems > 0)
    throw failure(
      `${problems} ${problems === 1 ? "problem was" : "problems were"} found, marked with "!!" above.`,
    );
}

const MARKS: Readonly<Record<Finding["state"], string>> = { good: "ok", note: "--", problem: "!!" };
