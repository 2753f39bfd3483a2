import { clientConfigurationError, errorText } from "@tessera/core/internal";

/**
 * Returns the error for a package that cannot be loaded.
 *
 * @param subject what needs which package, or what the package is for
 * @param remedy what to do where the package is absent
 */
export function missingPackage(subject: string, remedy: string, cause: unknown): Error {
  // Node.js lists the files that asked for it on lines of their own.
  const [first = ""] = errorText(cause).split("\n", 1);
  const advice = first.startsWith("Dynamic require")
    ? `give esbuild --format=cjs, or --banner:js="import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"`
    : remedy;
  return clientConfigurationError("missing_dependency", `${subject} (${first}): ${advice}.`, { cause });
}
