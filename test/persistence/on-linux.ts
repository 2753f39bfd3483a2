import { test } from "@jest/globals";

/** For what only Linux has: `/proc`, and machines without a keychain. Elsewhere there is nothing that could be tried. */
export const onLinux = process.platform === "linux" ? test : test.skip;
