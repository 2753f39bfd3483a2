// What docs/web-apps.md shows of Next.js is what examples/next-app runs.
// proves: web/src/sign-in/create-web-sign-in.ts
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { root } from "../packages/workspace.js";

const guide = readFileSync(join(root, "docs/web-apps.md"), "utf8");
const [, section = ""] = guide.split("\n## Next.js\n");
const blocks = [...(section.split("\n## ")[0]?.matchAll(/```jsx?\n\/\/ (\S+)\n(.*?)```/gs) ?? [])].map(
  ([, file = "", code = ""]) => [file, code] as const,
);

/** Without comments, types and layout. */
const bare = (code: string) =>
  code
    .replace(/\/\*\* @type .*?\*\/ \((\w+)\)/g, "$1")
    .replace(/\/\*\*.*?\*\//gs, "")
    .replace(/(^|\s)\/\/.*/g, "")
    .replace(/\s+/g, "");

test("the guide shows files of the example", () => {
  expect(blocks.map(([file]) => file)).toEqual([
    "site.mjs",
    "app/auth/[...path]/route.js",
    "proxy.js",
    "app/page.jsx",
  ]);
});

test.each(blocks)("%s of the guide is that of the example", (file, code) => {
  expect(bare(readFileSync(join(root, "examples/next-app", file), "utf8"))).toContain(bare(code));
});
