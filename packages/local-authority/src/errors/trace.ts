import { randomUUID } from "node:crypto";

/** The IDs that correlate a response with logs. */
export interface Trace {
  /** The client's `client-request-id`, or a generated one. */
  readonly correlationId: string;
  /** `x-ms-request-id`. */
  readonly traceId: string;
  /** `2024-02-14 02:40:29Z` */
  readonly timestamp: string;
}

/** Creates the trace. A client ID that is not a GUID is replaced, since it is echoed in a header. */
export function createTrace(clientRequestId: string | undefined, milliseconds: number): Trace {
  const isGuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(clientRequestId ?? "");
  return {
    correlationId: isGuid && clientRequestId ? clientRequestId : randomUUID(),
    traceId: randomUUID(),
    timestamp: `${new Date(milliseconds).toISOString().slice(0, 19).replace("T", " ")}Z`,
  };
}
