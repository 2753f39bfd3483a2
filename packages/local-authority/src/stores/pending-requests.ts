import type { AuthorizationRequest } from "../authorization-request.js";
import type { DeviceRequest } from "../device-request.js";
import { randomHandle } from "../opaque.js";
import type { SignIn } from "./sessions.js";

/** A request to sign in, between two pages. */
export interface PendingRequest {
  readonly request: AuthorizationRequest | DeviceRequest;
  /** The browser that asked: its cookie must come back with the form, so no other site can post it (CSRF). */
  readonly browserId: string;
  /** What the user may choose from. */
  readonly accounts?: readonly SignIn[];
  /** Set once the user has signed in; what is left is the second factor, the device and consent. */
  readonly signIn?: SignIn;
  /** `true`: the user has said that they mean the device. */
  readonly isConfirmed?: boolean;
}

export interface PendingStore {
  /** @returns the value of the form's hidden field */
  keep(pending: PendingRequest): string;
  /** The request, if it is this browser's. */
  find(id: string | undefined, browserId: string | undefined): PendingRequest | undefined;
  drop(id: string): void;
}

// A browser that leaves pages open for ever must not fill the memory.
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
