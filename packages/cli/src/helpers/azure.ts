import type { Context } from "../context.js";
import { usageError } from "../errors.js";
import { notBound, profileFor, urlOf } from "../profiles/bindings.js";
import type { Profile } from "../profiles/profile.js";
import { tokenOfProfile } from "../tokens/token-of-profile.js";
import { wantedToken } from "../tokens/wanted-token.js";

/** The words of `az account get-access-token`, which a script named `az` may pass on. */
const WORDS = ["azure", "account", "get-access-token"];

/** Prints a token in the form of `az account get-access-token`, as scripts and `AzureCliCredential` read it. */
export async function azure(context: Context): Promise<void> {
  const { given } = context;
  const unexpected = given.positionals.find((word, index) => word !== WORDS[index]);
  if (unexpected !== undefined)
    throw usageError(`"${unexpected}" is not expected here: pass --resource or --scope.`);
  const wanted = wantedToken(given);
  const api = wanted.resource ?? wanted.scopes[0]?.replace(/\/[^/]*$/, "");
  const url = urlOf(api ?? "");
  if (!url)
    throw usageError(
      "The API is missing: pass --resource with its URL, or --scope with a scope that begins with it.",
    );
  const found = profileFor(url, given.text("profile"));
  if (!found) throw notBound(url, given.text("profile"));
  const { profile } = found;
  const tenant = given.text("tenant");
  const result = await tokenOfProfile(
    profile,
    { ...wanted, ...(tenant === undefined ? {} : { authority: authorityOf(profile, tenant) }) },
    context,
  );
  const { accessToken, expiresOn, tenantId, tokenType } = result;
  const ends = expiresOn ?? new Date(Date.now() + 300_000);
  const answer = {
    accessToken,
    expiresOn: localTime(ends),
    expires_on: Math.floor(ends.getTime() / 1000),
    subscription: given.text("subscription") ?? "",
    tenant: tenantId,
    tokenType,
  };
  process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
}

function authorityOf({ provider, name }: Profile, tenant: string): string {
  const url = provider.startsWith("authority:") ? urlOf(provider.slice("authority:".length)) : undefined;
  if (!url) throw usageError(`The profile "${name}" is not of Microsoft Entra: omit --tenant.`);
  if (!/^[\w.-]{1,100}$/.test(tenant))
    throw usageError(`--tenant is "${tenant}": pass the ID or the domain of a tenant.`);
  return `${url.origin}/${tenant}`;
}

/** The form of the Azure CLI: the local time, with microseconds. */
function localTime(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  const time = [two(date.getHours()), two(date.getMinutes()), two(date.getSeconds())].join(":");
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, "0")}000`;
}
