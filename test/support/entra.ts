import {
  startLocalAuthority,
  type LocalAuthority,
  type LocalAuthorityOptions,
} from "@tessera/local-authority";
import {
  ConfidentialClientApplication,
  PublicClientApplication,
  type AccountInfo,
  type AuthenticationResult,
  type Configuration,
  type NodeAuthOptions,
} from "@tessera/node";
import { createTestClock, type TestClock } from "./test-clock.js";

/** A part of a configuration; the rest is filled in for the local authority. */
export interface PartialConfiguration extends Omit<Partial<Configuration>, "auth"> {
  readonly auth?: Partial<NodeAuthOptions>;
}

/** The local authority with one clock for both ends, and applications that talk to it. */
export interface Entra {
  readonly authority: LocalAuthority;
  readonly clock: TestClock;
  readonly tenantId: string;
  /** The configuration of the confidential (`a1`) or public (`a2`) app of the first tenant. */
  configuration(kind: "confidential" | "public", over?: PartialConfiguration): Configuration;
  confidential(over?: PartialConfiguration): ConfidentialClientApplication;
  publicClient(over?: PartialConfiguration): PublicClientApplication;
  /** Requests to the token endpoint so far. */
  tokenRequests(): number;
  close(): Promise<void>;
}

/** The account of a result that must have one. */
export function accountOf({ account }: AuthenticationResult): AccountInfo {
  if (!account) throw new Error("the result has no account");
  return account;
}

export async function startEntra(options: LocalAuthorityOptions = {}): Promise<Entra> {
  const clock = createTestClock();
  const authority = await startLocalAuthority({ clock: () => clock.now(), ...options });
  const [tenant] = authority.config.tenants;
  const [web, desktop] = tenant?.apps ?? [];
  if (!tenant || !web || !desktop) throw new Error("the local authority has no default tenant");

  const configuration: Entra["configuration"] = (kind, over = {}) => {
    const app = kind === "confidential" ? web : desktop;
    return {
      ...over,
      auth: {
        clientId: app.clientId,
        authority: authority.authorityUrl(tenant.id),
        ...(kind === "confidential" ? { clientSecret: app.clientSecret } : {}),
        ...over.auth,
      },
      system: { ...(authority.caPem ? { ca: authority.caPem } : {}), clock, ...over.system },
    };
  };
  return {
    authority,
    clock,
    tenantId: tenant.id,
    configuration,
    confidential: (over) => new ConfidentialClientApplication(configuration("confidential", over)),
    publicClient: (over) => new PublicClientApplication(configuration("public", over)),
    tokenRequests: () => authority.requests.filter(({ path }) => path.endsWith("/token")).length,
    close: () => authority.close(),
  };
}
