import { invalidOption, isLoopback, parsedUrl } from "@tessera/core/internal";

/**
 * Checks the URL of a site or an API as others see it: `https`, or `http` on this machine.
 *
 * @throws ClientConfigurationError `invalid_option`
 */
export function checkedBaseUrl(given: string | URL): URL {
  const url = typeof given === "string" || given instanceof URL ? parsedUrl(String(given)) : undefined;
  const isSafe = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  const isPlain = url?.search === "" && url.hash === "" && url.username === "" && url.password === "";
  if (url && isSafe && isPlain) return url;
  throw invalidOption(
    "baseUrl",
    "cannot be used",
    "pass the URL as others see it, with https (http only on this machine) and without query, fragment and user name",
  );
}
