import { clientConfigurationError } from "../errors/errors.js";
import { parsedUrl, shownUrl } from "../http/secure-url.js";

/** Resources that have been checked: a cache hit does not check its own again. */
const known = new Set<string>();
const MOST_KNOWN = 1000;

/**
 * Checks resource indicators (RFC 8707 §2): absolute URIs without a fragment.
 *
 * @param given one, or several
 * @returns one text for the same resources in any order, as the cache keeps it; {@link resourcesIn} takes it apart
 * @throws ClientConfigurationError `invalid_option`
 */
export function checkedResource(given: unknown, correlationId: string): string | undefined {
  if (given === undefined || given === "") return undefined;
  if (typeof given === "string") return checkedOne(given, correlationId);
  const all: readonly unknown[] = Array.isArray(given) ? given : [given];
  const checked = all.map((one) => checkedOne(one, correlationId));
  return checked.length === 0 ? undefined : [...new Set(checked)].sort().join(" ");
}

/** The resources of a request, one for each parameter. */
export function resourcesIn(resource: string | undefined): readonly string[] | undefined {
  return resource?.split(" ");
}

function checkedOne(value: unknown, correlationId: string): string {
  if (typeof value === "string") {
    if (known.has(value)) return value;
    if (!/[\s#]/.test(value) && parsedUrl(value)) {
      if (known.size >= MOST_KNOWN) known.clear();
      known.add(value);
      return value;
    }
  }
  throw clientConfigurationError(
    "invalid_option",
    `resource ${typeof value === "string" ? `"${shownUrl(value)}" ` : ""}is not an absolute URI without a fragment (RFC 8707, section 2): pass the identifier of the API, or an array of them.`,
    { correlationId },
  );
}
