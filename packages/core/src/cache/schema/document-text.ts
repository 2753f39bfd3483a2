import { clientAuthError } from "../../errors/errors.js";

/**
 * Returns a document as text.
 *
 * @throws ClientAuthError `invalid_cache_content` when something in it, which is preserved as it was loaded, is nested too deeply
 */
export function documentText(document: object): string {
  try {
    return JSON.stringify(document);
  } catch (cause) {
    throw clientAuthError(
      "invalid_cache_content",
      "The token cache cannot be written, because it has been loaded with something that is nested too deeply: remove that from what is stored.",
      { cause },
    );
  }
}
