export default { distDir: "dist", experimental: { turbopackFileSystemCacheForBuild: false }, turbopack: { resolveAlias: {
  "@tessera/node": "../../packages/node/dist/index.js",
  "@tessera/web": "../../packages/web/dist/index.js",
  "@tessera/core": "../../packages/core/dist/index.js",
  "@tessera/core/internal": "../../packages/core/dist/internal.js",
  "@tessera/persistence": "../../packages/persistence/dist/index.js",
} } };
