import { gate } from "./gate.js";
import { peerNetwork, type PeerNetwork } from "./peer-network.js";

/** A network on which token requests wait until the test lets them through, however busy the machine is. */
export interface HeldNetwork extends PeerNetwork {
  /** The first token request has been made. */
  readonly asked: Promise<void>;
  release(): void;
}

/** @param ca PEM, or none to trust what Node trusts */
export function heldNetwork(ca?: string): HeldNetwork {
  const network = peerNetwork(ca);
  const asked = gate();
  const released = gate();
  return {
    ...network,
    sendPostRequestAsync: async (url, options) => {
      if (new URL(url).pathname.endsWith("/token")) {
        asked.open();
        await released.opened;
      }
      return network.sendPostRequestAsync(url, options);
    },
    asked: asked.opened,
    release: released.open,
  };
}
