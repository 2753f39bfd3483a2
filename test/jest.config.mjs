export default {
  rootDir: "..",
  testMatch: ["<rootDir>/test/**/*.test.ts"],
  testEnvironment: "node",
  // Ends only what hangs: a busy machine makes every test slower, and fails none.
  testTimeout: 300_000,
  setupFilesAfterEnv: ["<rootDir>/test/support/watch-for-leaks.ts"],
  maxWorkers: 2,
  // Modules of earlier test files stay in memory and make a worker several times slower, so it is replaced.
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
          transform: { verbatimModuleSyntax: true },
        },
        module: { type: "es6" },
      },
    ],
  },
  moduleNameMapper: {
    "^@tessera/core/testing$": "<rootDir>/packages/core/src/testing.ts",
    "^@tessera/core/internal$": "<rootDir>/packages/core/src/internal.ts",
    "^@tessera/([a-z-]+)$": "<rootDir>/packages/$1/src/index.ts",
    "^(\\.{1,2}/.*)\\.js$": ["$1.js", "$1.ts"],
  },
  modulePathIgnorePatterns: ["/dist/"],
  testSequencer: "<rootDir>/test/support/longest-first.mjs",
  reporters: ["default", "<rootDir>/test/support/count-reporter.mjs"],
};
