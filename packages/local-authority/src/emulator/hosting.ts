import type { EmulateOptions, EmulatedHost, HostName } from "./emulated-host.js";

/** A running host with its number, which is never used again. */
export interface NumberedHost {
  readonly id: number;
  readonly host: EmulatedHost;
}

/** The emulated hosts of one authority. */
export interface Hosting {
  start(name: HostName, options: EmulateOptions): Promise<EmulatedHost>;
  /** Those that run, oldest first. */
  list(): readonly NumberedHost[];
}

/** @param start starts a host that closes with the authority */
export function createHosting(
  start: (name: HostName, options: EmulateOptions) => Promise<EmulatedHost>,
): Hosting {
  const running = new Map<number, EmulatedHost>();
  let last = 0;
  return {
    start: async (name, options) => {
      const started = await start(name, options);
      last += 1;
      const id = last;
      const host: EmulatedHost = {
        ...started,
        close: () => {
          running.delete(id);
          return started.close();
        },
      };
      running.set(id, host);
      return host;
    },
    list: () => [...running].map(([id, host]) => ({ id, host })),
  };
}
