import { invalidOption } from "@tessera/core/internal";
import { strings } from "../check-values.js";
import type { TelemetryAttribute } from "../configuration.js";

const ATTRIBUTES: readonly TelemetryAttribute[] = ["tenant", "scopes", "user"];

/** Checks `telemetry.metricAttributes`. @throws ClientConfigurationError `invalid_option` */
export function checkedAttributes(given: unknown): readonly TelemetryAttribute[] {
  const field = "telemetry.metricAttributes";
  return strings(given ?? undefined, field).map((name) => {
    const known = ATTRIBUTES.find((attribute) => attribute === name);
    if (known) return known;
    throw invalidOption(field, `holds "${name}"`, `use ${ATTRIBUTES.join(", ")}`);
  });
}
