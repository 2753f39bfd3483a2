// proves: core/src/logger.ts
import { describe, expect, it } from "@jest/globals";
import { Logger, LogLevel, type LoggerOptions } from "@tessera/node";

/** All lines of a logger that is told one thing at each level, with and without personal data. */
function linesOf(
  options: LoggerOptions,
): readonly [level: LogLevel, message: string, containsPii: boolean][] {
  const lines: [LogLevel, string, boolean][] = [];
  const logger = new Logger(
    { loggerCallback: (...line) => lines.push(line), ...options },
    "the-package",
    "1.2.3",
  );
  logger.error("text", "the-id");
  logger.errorPii("ada@contoso.example", "the-id");
  logger.warning("text");
  logger.warningPii("ada@contoso.example");
  logger.info("text");
  logger.infoPii("ada@contoso.example");
  logger.verbose("text");
  logger.verbosePii("ada@contoso.example");
  logger.trace("text");
  logger.tracePii("ada@contoso.example");
  return lines;
}

describe("the logger", () => {
  it.each([
    [LogLevel.Error, ["Error"]],
    [LogLevel.Warning, ["Error", "Warning"]],
    [LogLevel.Info, ["Error", "Warning", "Info"]],
    [LogLevel.Verbose, ["Error", "Warning", "Info", "Verbose"]],
    [LogLevel.Trace, ["Error", "Warning", "Info", "Verbose", "Trace"]],
  ])("at level %p passes on %j", (logLevel, names) => {
    const lines = linesOf({ logLevel });
    expect(lines.map(([level]) => LogLevel[level])).toEqual(names);
    expect(lines.every(([level, message]) => message.includes(` : ${LogLevel[level]} - text`))).toBe(true);
  });

  it("is at level Info when nothing else is said", () => {
    expect(linesOf({})).toHaveLength(3);
  });

  it("passes on lines that name users only when it may, and says so", () => {
    expect(
      linesOf({ logLevel: LogLevel.Trace }).some(([, message]) => message.includes("ada@contoso.example")),
    ).toBe(false);
    const lines = linesOf({ logLevel: LogLevel.Trace, piiLoggingEnabled: true });
    expect(lines).toHaveLength(10);
    for (const [, message, containsPii] of lines)
      expect(message.includes("ada@contoso.example")).toBe(containsPii);
  });

  it("writes the time, the correlation id and the package as MSAL does", () => {
    const [[, line] = [0, ""]] = linesOf({});
    expect(line).toMatch(
      /^\[\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT\] : \[the-id\] : the-package@1\.2\.3 : Error - text$/,
    );
  });

  it("keeps its options in a clone for another package", () => {
    const lines: string[] = [];
    const logger = new Logger({ loggerCallback: (_, line) => lines.push(line), logLevel: LogLevel.Error });
    const clone = logger.clone("other", "9");
    clone.error("text");
    clone.warning("text");
    expect(lines).toEqual([expect.stringContaining("other@9 : Error - text")]);
    expect(clone.isPiiLoggingEnabled()).toBe(false);
  });

  it("with a callback that throws does not fail what is logged", () => {
    const loggerCallback = (): void => {
      throw new Error("the disk is full");
    };
    expect(() => new Logger({ loggerCallback }).error("text")).not.toThrow();
  });

  it("without a callback logs nothing, and throws nothing", () => {
    expect(() => linesOf({ loggerCallback: undefined })).not.toThrow();
  });
});
