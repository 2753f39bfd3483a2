import type { AuthorityState } from "../state.js";
import type { RecordedRequest } from "../http/journal.js";
import type { IdentityTokens } from "./identity-tokens.js";

/** A kind of host that gives tokens to its apps. */
export type HostName =
  "imds" | "app-service" | "arc" | "service-fabric" | "machine-learning" | "cloud-shell" | "aks";

/** Options of `emulate`. All are optional. */
export interface EmulateOptions {
  /**
   * The identity that the host is deployed with, where the request does not choose it: `service-fabric`, `machine-learning`
   * (the default identity), `aks` (an app's client ID as well). Default: the system-assigned identity; for `aks`, the first
   * user-assigned one.
   */
  readonly clientId?: string;
  /**
   * `arc` only: the folder of the challenge files. Default: the one of the real agent, the only one that clients accept:
   * `/var/opt/azcmagent/tokens`, or `%ProgramData%\AzureConnectedMachineAgent\Tokens` in Windows.
   */
  readonly tokensDirectory?: string;
}

/** A running emulation, from `emulate`. */
export interface EmulatedHost {
  readonly name: HostName;
  /** Origin of its endpoint; for `aks`, that of the authority. */
  readonly url: string;
  /** The environment variables that the host sets for its apps. */
  readonly environment: Readonly<Record<string, string>>;
  /** Stops it and deletes its files. Closing the authority does the same. */
  readonly close: () => Promise<void>;
}

/** What an emulated host builds on. */
export interface HostGround {
  readonly state: AuthorityState;
  /** Origin of its own server, without a trailing slash. */
  readonly url: string;
  /** The value of the header that proves that the caller knows the environment. */
  readonly secret: string;
  /** SHA-1 hash of the server's certificate, in upper case; empty with plain HTTP. */
  readonly thumbprint: string;
  readonly tokens: IdentityTokens;
  readonly options: EmulateOptions;
}

/** The token endpoint of an emulated host. */
export interface IdentityEndpoint {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Returns the JSON of the response. @throws {HostError} */
  readonly answer: (request: RecordedRequest) => Promise<object>;
  readonly errorBody: (failure: Failure, correlationId: string) => object;
  /** Deletes its files. */
  readonly close?: () => Promise<void>;
}

/** The content of an error response. */
export interface Failure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** A refusal of an emulated host. */
export class HostError extends Error implements Failure {
  constructor(
    readonly status: 400 | 401 | 404,
    readonly code: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}
