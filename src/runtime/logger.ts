import { destination, pino } from 'pino';

/** What the program needs of a logger: fields first, then a message that is always the same, so that lines group. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
}

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Names under which a secret could come along in a field; the last defence, nothing should be logged with one. */
const secretKeys = ['secrets', 'apiKey', 'apikey', 'password', 'token', 'authorization', 'X-API-Key'];
const redact = [
  ...secretKeys,
  ...secretKeys.map((key) => `*.${key}`),
  ...secretKeys.map((key) => `*.*.${key}`),
];

export interface LoggerOptions {
  readonly level: LogLevel;
  /** `stderr` for the helpers: their stdout is the report. */
  readonly to: 'stdout' | 'stderr';
  readonly fields?: object;
}

/** JSON lines, written synchronously: a line about a crash is worth more than the microseconds. */
export function createLogger(options: LoggerOptions): Logger {
  const stream = destination({ dest: options.to === 'stdout' ? 1 : 2, sync: true });
  return createPino({ level: options.level, ...(options.fields && { fields: options.fields }) }, stream);
}

/** Where the lines go; a test gives its own. */
export interface LineSink {
  write(line: string): void;
}

export function createPino(
  options: { readonly level: LogLevel; readonly fields?: object },
  sink: LineSink,
): Logger {
  return pino(
    {
      level: options.level,
      base: options.fields ?? {},
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: serializeError, cause: serializeError },
      redact: { paths: redact, censor: '***' },
    },
    sink,
  );
}

export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};

interface SerializedError {
  readonly name: string;
  readonly message: string;
  readonly kind?: unknown;
  readonly code?: unknown;
  readonly stack?: string | undefined;
  readonly cause?: unknown;
}

/** Only these fields: an error of a client library may carry request headers and bodies, and with them a key. */
export function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const serialized: SerializedError = {
    name: error.name,
    message: error.message,
    ...('kind' in error && { kind: error.kind }),
    ...('code' in error && { code: error.code }),
    stack: error.stack,
    ...(error.cause !== undefined && { cause: serializeError(error.cause) }),
  };
  return serialized;
}
