import type { BaseRequest } from "@tessera/core";
import { clientAuthError, newCorrelationId, withoutNull } from "@tessera/core/internal";

/**
 * With `auth.isMcp` every request names its resource, once (RFC 8707).
 *
 * @throws ClientAuthError `resource_parameter_required`, `misplaced_resource_parameter`
 */
export function requireResource(request: BaseRequest): void {
  const { resource, extraParameters, extraQueryParameters, correlationId } = request;
  if (!resource?.length) {
    throw clientAuthError(
      "resource_parameter_required",
      "resource is missing: with auth.isMcp every request names the protected resource (RFC 8707).",
      { correlationId: correlationId || newCorrelationId() },
    );
  }
  if (withoutNull({ ...extraParameters, ...extraQueryParameters })["resource"] !== undefined) {
    throw clientAuthError(
      "misplaced_resource_parameter",
      "resource is also in the extra parameters: give it as the request's own field only.",
      { correlationId: correlationId || newCorrelationId() },
    );
  }
}
