// @ts-check

/** @param {string} name */
const built = (name, file = "index") => `../../packages/${name}/dist/${file}.js`;

/** @type {import("next").NextConfig} */
export default {
  distDir: "dist",
  // Only here: an app that has installed the packages does not need it. The tsconfig.json of this repository leads to their sources.
  turbopack: {
    resolveAlias: {
      "@tessera/core": built("core"),
      "@tessera/core/internal": built("core", "internal"),
      "@tessera/node": built("node"),
      "@tessera/persistence": built("persistence"),
      "@tessera/web": built("web"),
    },
  },
  // Builds in half the time. An example need not be small.
  experimental: {
    turbopackMinify: false,
    turbopackScopeHoisting: false,
    turbopackSourceMaps: false,
    serverMinification: false,
    turbopackFileSystemCacheForBuild: false,
  },
};
