import type { BaseRequest } from "@tessera/core";
import { clientAuthError, newCorrelationId, withoutNull } from "@tessera/core/internal";

/**
 * Checks that a request names its resource exactly once, as `auth.isMcp` requires (RFC 8707).
 *
 * @throws ClientAuthError `resource_parameter_required`, `misplaced_resource_parameter`
 */
export function requireResource(request: BaseRequest): void {
  const { resource, extraParameters, extraQueryParameters, correlationId } = request;
  if (!resource?.length) {
    throw clientAuthError(
      "resource_parameter_required",
      "resource is missing: with auth.isMcp every request must name the protected resource (RFC 8707).",
      { correlationId: correlationId || newCorrelationId() },
    );
  }
  if (withoutNull({ ...extraParameters, ...extraQueryParameters })["resource"] !== undefined) {
    throw clientAuthError(
      "misplaced_resource_parameter",
      "resource is also in the extra parameters: set only the request's own field.",
      { correlationId: correlationId || newCorrelationId() },
    );
  }
}
