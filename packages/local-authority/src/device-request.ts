import type { SignInRequest } from "./authorization-request.js";
import type { IssuedDeviceCode } from "./stores/device-codes.js";

/** A device waits for its user, who has typed its code into a browser (RFC 8628 §3.3). */
export interface DeviceRequest extends SignInRequest {
  readonly device: IssuedDeviceCode;
}

/** What a device asked for, as a request to sign in. */
export function deviceRequest(device: IssuedDeviceCode): DeviceRequest {
  return { ...device.grant, prompts: [], device };
}
