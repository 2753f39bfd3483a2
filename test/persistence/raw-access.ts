import { TokenCacheContext, type ICachePlugin } from "@tessera/node";

/** The text that a plugin loads, as an application would. */
export async function load(plugin: ICachePlugin): Promise<string> {
  const { loaded } = await access(plugin, undefined);
  return loaded;
}

/** Lets a plugin save what a function makes of the text that it loads. */
export async function save(plugin: ICachePlugin, change: (loaded: string) => string): Promise<void> {
  await access(plugin, change);
}

async function access(plugin: ICachePlugin, change: ((loaded: string) => string) | undefined) {
  let loaded = "";
  const tokenCache = {
    deserialize: (text: string) => {
      loaded = text;
    },
    serialize: () => (change ?? String)(loaded),
  };
  const context = new TokenCacheContext(tokenCache, change !== undefined);
  await plugin.beforeCacheAccess(context);
  await plugin.afterCacheAccess(context);
  return { loaded };
}
