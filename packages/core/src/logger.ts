import { printable } from "./printable.js";

/** Log levels. Each level includes those before it. */
export enum LogLevel {
  Error,
  Warning,
  Info,
  Verbose,
  Trace,
}

/** Receives every log line that the level and `piiLoggingEnabled` allow. */
export type ILoggerCallback = (level: LogLevel, message: string, containsPii: boolean) => void;

/** `system.loggerOptions`. */
export interface LoggerOptions {
  /** Receives log lines. Without it, nothing is logged. */
  loggerCallback?: ILoggerCallback;
  /** Whether lines that identify users are logged. Tokens and secrets are never logged. */
  piiLoggingEnabled?: boolean;
  /** The most detailed level that is logged; `LogLevel.Info` by default. */
  logLevel?: LogLevel;
  /** Ignored; accepted for compatibility with MSAL. */
  correlationId?: string;
}

/**
 * Writes log lines in MSAL's format: `[time] : [correlation id] : package@version : Level - message`. A line is
 * written only if its level is enabled, and a `…Pii` line only with `piiLoggingEnabled`.
 *
 * @example
 * ```ts
 * const loggerCallback = (level: LogLevel, message: string) => console.log(message);
 * const logger = new Logger({ loggerCallback, logLevel: LogLevel.Warning }, "my-app", "1.0.0");
 * logger.warning("The certificate expires in a week."); // also error, info, verbose and trace
 * logger.warningPii("The password of alice expires."); // only with piiLoggingEnabled
 * ```
 */
export class Logger {
  readonly #callback: ILoggerCallback | undefined;
  readonly #level: LogLevel;
  readonly #pii: boolean;
  readonly #source: string;

  /**
   * Creates a logger that passes lines to a callback.
   *
   * @param loggerOptions callback, level, and whether personal data is logged
   * @param packageName name shown in each line
   * @param packageVersion version shown in each line
   */
  constructor(loggerOptions: LoggerOptions, packageName = "", packageVersion = "") {
    const { loggerCallback, logLevel, piiLoggingEnabled = false } = loggerOptions ?? {};
    this.#callback = loggerCallback;
    this.#level = typeof logLevel === "number" ? logLevel : LogLevel.Info;
    this.#pii = piiLoggingEnabled;
    this.#source = `${packageName}@${packageVersion}`;
  }

  /**
   * Returns a logger with the same options for another package.
   *
   * @example
   * ```ts
   * const logger = app.getLogger().clone("my-app", "1.0.0");
   * ```
   */
  clone(packageName: string, packageVersion: string): Logger {
    return new Logger(
      { loggerCallback: this.#callback, logLevel: this.#level, piiLoggingEnabled: this.#pii },
      packageName,
      packageVersion,
    );
  }

  /**
   * Passes a formatted line to the callback.
   *
   * @example
   * ```ts
   * app.getLogger().executeCallback(LogLevel.Info, "a line of another library", false);
   * ```
   */
  executeCallback(level: LogLevel, message: string, containsPii: boolean): void {
    this.#callback?.(level, message, containsPii);
  }

  /**
   * Logs an error.
   *
   * @example
   * ```ts
   * app.getLogger().error("The job has failed."); // the other levels likewise
   * ```
   */
  error(message: string, correlationId = ""): void {
    this.#log(LogLevel.Error, message, correlationId, false);
  }
  /** Logs an error that identifies a user. */
  errorPii(message: string, correlationId = ""): void {
    this.#log(LogLevel.Error, message, correlationId, true);
  }
  /** Logs a warning. */
  warning(message: string, correlationId = ""): void {
    this.#log(LogLevel.Warning, message, correlationId, false);
  }
  /** Logs a warning that identifies a user. */
  warningPii(message: string, correlationId = ""): void {
    this.#log(LogLevel.Warning, message, correlationId, true);
  }
  /** Logs an event. */
  info(message: string, correlationId = ""): void {
    this.#log(LogLevel.Info, message, correlationId, false);
  }
  /** Logs an event that identifies a user. */
  infoPii(message: string, correlationId = ""): void {
    this.#log(LogLevel.Info, message, correlationId, true);
  }
  /** Logs a detail. */
  verbose(message: string, correlationId = ""): void {
    this.#log(LogLevel.Verbose, message, correlationId, false);
  }
  /** Logs a detail that identifies a user. */
  verbosePii(message: string, correlationId = ""): void {
    this.#log(LogLevel.Verbose, message, correlationId, true);
  }
  /** Logs the finest detail. */
  trace(message: string, correlationId = ""): void {
    this.#log(LogLevel.Trace, message, correlationId, false);
  }
  /** Logs the finest detail that identifies a user. */
  tracePii(message: string, correlationId = ""): void {
    this.#log(LogLevel.Trace, message, correlationId, true);
  }
  /**
   * Returns whether lines that identify users are logged.
   *
   * @example
   * ```ts
   * const named = app.getLogger().isPiiLoggingEnabled() ? account.username : "a user";
   * ```
   */
  isPiiLoggingEnabled(): boolean {
    return this.#pii;
  }

  #log(level: LogLevel, message: string, correlationId: string, containsPii: boolean): void {
    if (!this.#callback || level > this.#level || (containsPii && !this.#pii)) return;
    const line = `[${new Date().toUTCString()}] : [${correlationId}] : ${this.#source} : ${LogLevel[level]} - ${message}`;
    // A message must stay on one line, even if parts of it are untrusted.
    try {
      this.executeCallback(level, printable(line), containsPii);
    } catch {
      // The application's own failure must not fail a call, and there is nowhere else to log it.
    }
  }
}
