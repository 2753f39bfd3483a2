import type { ClientOptions } from "@tessera/core";
import { invalidOption, withoutNull } from "@tessera/core/internal";
import { flag } from "./check-values.js";
import type { ClientMetadata, NodeAuthOptions, RequestObjectKey } from "./configuration.js";
import { pemContent } from "./credential/credential-content.js";

/**
 * Checks how authorization requests reach the provider. The key itself is read where it is used.
 *
 * @throws ClientConfigurationError `invalid_option`
 */
export function checkedAuthorizationRequests(
  metadata: ClientMetadata,
  { requestObjectKey }: Pick<NodeAuthOptions, "requestObjectKey">,
): NonNullable<ClientOptions["authorizationRequests"]> {
  const registered = "auth.clientMetadata";
  const { request_object_signing_alg: algorithm } = metadata;
  const isSigned = flag(
    metadata.require_signed_request_object,
    `${registered}.require_signed_request_object`,
  );
  const named = isSigned ? "require_signed_request_object" : algorithm && "request_object_signing_alg";
  if (named && requestObjectKey === undefined)
    throw invalidOption(`${registered}.${named}`, "is set without a key", "set auth.requestObjectKey");
  if (algorithm !== undefined && typeof algorithm !== "string")
    throw invalidOption(
      `${registered}.request_object_signing_alg`,
      "is not a string",
      "pass one such as PS256",
    );
  return {
    isPushed: flag(
      metadata.require_pushed_authorization_requests,
      `${registered}.require_pushed_authorization_requests`,
    ),
    key: requestObjectKey && keyOf(requestObjectKey),
    algorithm,
  };
}

function keyOf(given: RequestObjectKey): RequestObjectKey {
  const { privateKey, kid } = withoutNull(given);
  if (kid !== undefined && typeof kid !== "string")
    throw invalidOption("auth.requestObjectKey.kid", "is not a string", "pass the ID of the registered key");
  const pem = pemContent(privateKey, "privateKey", "auth.requestObjectKey");
  return { privateKey: pem, ...(kid === undefined ? {} : { kid }) };
}
