export default {
  rootDir: "..",
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  testEnvironment: "<rootDir>/test/support/environment.mjs",
  // Ends only what hangs: a busy machine makes every test slower, and fails none.
  testTimeout: 300_000,
  setupFiles: ["<rootDir>/test/support/kept-keys.mjs"],
  setupFilesAfterEnv: ["<rootDir>/test/support/watch-for-leaks.ts"],
  // One for each processor core of a small machine. With a third one, programs under load miss their limits.
  maxWorkers: 2,
  // Modules of earlier test files stay in memory, so a worker is replaced now and then.
  workerIdleMemoryLimit: "500MB",
  extensionsToTreatAsEsm: [".ts"],
  transform: {
    "\\.ts$": [
      "@swc/jest",
      {
        swcrc: false,
        jsc: {
          parser: { syntax: "typescript" },
          target: "es2023",
          minify: { compress: false, mangle: false },
          transform: { verbatimModuleSyntax: true },
        },
        module: { type: "es6" },
        // Beside the code, not in it, and without comments: every test file has the sources parsed once more.
        sourceMaps: true,
        minify: true,
      },
    ],
  },
  moduleNameMapper: {
    "^@tessera/core/testing$": "<rootDir>/packages/core/src/testing.ts",
    "^@tessera/core/internal$": "<rootDir>/packages/core/src/internal.ts",
    "^@tessera/([a-z-]+)$": "<rootDir>/packages/$1/src/index.ts",
  },
  resolver: "<rootDir>/test/support/resolver.cjs",
  modulePathIgnorePatterns: ["/dist/"],
  testSequencer: "<rootDir>/test/support/longest-first.mjs",
  reporters: ["default", "<rootDir>/test/support/count-reporter.mjs"],
};
