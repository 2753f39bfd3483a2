// A command-line tool is found on the PATH and gets its arguments unchanged, on every platform.
// proves: node/src/default-credential/command-line/executable.ts
import { describe, expect, test } from "@jest/globals";
import { startOf } from "../../packages/node/src/default-credential/command-line/executable.js";

const args = ["account", "get-access-token", "--resource", "https://graph.microsoft.com"];

function machine(platform: NodeJS.Platform, files: readonly string[], env: Record<string, string>) {
  return { platform, env, isFile: (path: string) => files.includes(path) };
}

describe("on Linux and macOS", () => {
  const env = { PATH: "bin::./tools:/opt/first:/opt/second" };

  test("the first file on the PATH is started by itself, away from the current folder", () => {
    const both = machine("linux", ["/opt/first/az", "/opt/second/az"], env);
    expect(startOf("az", args, both)).toEqual({ file: "/opt/first/az", args, cwd: "/" });
  });

  test.each(["bin/az", "tools/az", "az"])("%s, relative to the current folder, is never started", (file) => {
    expect(startOf("az", args, machine("darwin", [file, `/${file}`], env))).toBeUndefined();
  });
});

describe("on Windows", () => {
  const env = { Path: "C:\\Program Files (x86)\\CLI2\\wbin;relative;C:\\tools", SYSTEMROOT: "D:\\Windows" };
  const batch = "C:\\Program Files (x86)\\CLI2\\wbin\\az.cmd";

  test("a program is preferred to a batch file", () => {
    const both = machine("win32", [batch, "C:\\tools\\az.exe"], env);
    expect(startOf("az", args, both)).toEqual({ file: "C:\\tools\\az.exe", args, cwd: "D:\\Windows" });
  });

  test("a batch file is run by the system's own cmd.exe, every word quoted", () => {
    expect(startOf("az", args, machine("win32", [batch], env))).toEqual({
      file: "D:\\Windows\\System32\\cmd.exe",
      args: [
        "/d",
        "/s",
        "/v:off",
        "/c",
        `""${batch}" "account" "get-access-token" "--resource" "https://graph.microsoft.com""`,
      ],
      cwd: "D:\\Windows",
      windowsVerbatimArguments: true,
    });
  });

  test("a batch file in a folder whose name cmd.exe would change is not started", () => {
    const file = "C:\\%USERNAME%\\az.cmd";
    expect(startOf("az", args, machine("win32", [file], { PATH: "C:\\%USERNAME%" }))).toBeUndefined();
  });
});

test.each([
  "a b",
  'a"b',
  "a&b",
  "a|b",
  "%PATH%",
  "!x!",
  "a^b",
  "a\nb",
  "a;b",
  "$(id)",
  "`id`",
  "<x",
  ">x",
  "",
])("the argument %j never reaches a program", (argument) => {
  const anywhere = { platform: "win32" as const, env: { PATH: "C:\\" }, isFile: () => true };
  expect(() => startOf("az", [argument], anywhere)).toThrow(TypeError);
});
