import type { IncomingMessage } from "node:http";
import { requestOf } from "../node-bridge.js";
import type { Checked, RequestGuard } from "./request-guard.js";
import type { Demands } from "./demands.js";
import type { ClientCertificate } from "./options.js";

/** What adapters of `node:http` need to know of a guard. */
export interface Adapter {
  readonly base: URL;
  /** Whether the client's certificate is that of the connection, rather than one that a proxy passes on. */
  readonly readsSocket: boolean;
}

/** Answers a request for the metadata, or checks it. */
export async function checkIncoming(
  guard: RequestGuard,
  { base, readsSocket }: Adapter,
  incoming: IncomingMessage,
  demands: Demands = {},
): Promise<Checked | { readonly response: Response; readonly caller?: undefined }> {
  const request = requestOf(incoming, base);
  const response = await guard.handle(request);
  if (response) return { response };
  const clientCertificate = readsSocket ? certificateOf(incoming) : undefined;
  return guard.check(request, { ...demands, clientCertificate });
}

function certificateOf({ socket }: IncomingMessage): ClientCertificate | undefined {
  const { getPeerCertificate } = socket as { getPeerCertificate?: () => { readonly raw?: Uint8Array } };
  const certificate = getPeerCertificate?.call(socket);
  return certificate?.raw ? certificate : undefined;
}
