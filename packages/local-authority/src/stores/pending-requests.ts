import type { AuthorizationRequest } from "./sign-in-request.js";
import type { DeviceRequest } from "./device-codes.js";
import { randomHandle } from "../crypto/opaque.js";
import type { SignIn } from "./sessions.js";

/** A sign-in request that waits for a form. */
export interface PendingRequest {
  readonly request: AuthorizationRequest | DeviceRequest;
  /** The browser that made the request. Its cookie must accompany the form, to prevent CSRF. */
  readonly browserId: string;
  /** The accounts offered to the user. */
  readonly accounts?: readonly SignIn[];
  /** Present once the user has signed in; second factor, device confirmation and consent may remain. */
  readonly signIn?: SignIn;
  /** `true` once the user has confirmed the device. */
  readonly isConfirmed?: boolean;
}

export interface PendingStore {
  /** @returns the value for the form's hidden field */
  keep(pending: PendingRequest): string;
  /** Finds a request of this browser. */
  find(id: string | undefined, browserId: string | undefined): PendingRequest | undefined;
  drop(id: string): void;
}

// Bounds the memory used by forms that are never submitted.
const limit = 1000;

export function createPendingStore(): PendingStore {
  const requests = new Map<string, PendingRequest>();
  return {
    keep: (pending) => {
      const id = randomHandle();
      requests.set(id, pending);
      const oldest = requests.keys().next();
      if (requests.size > limit && !oldest.done) requests.delete(oldest.value);
      return id;
    },
    find: (id, browserId) => {
      const pending = requests.get(id ?? "");
      return pending !== undefined && pending.browserId === browserId ? pending : undefined;
    },
    drop: (id) => {
      requests.delete(id);
    },
  };
}
