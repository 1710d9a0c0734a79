import type { z } from 'zod';
import type { Logger } from './logger.ts';

export interface HelperOptions<Report> {
  /** For messages, for example `introducer`. */
  readonly name: string;
  /** Program and arguments, heap flags included: see helperCommand. */
  readonly command: readonly [file: string, ...args: string[]];
  /** Written to stdin as JSON. */
  readonly input: unknown;
  readonly report: z.ZodType<Report>;
  /** After this SIGTERM, and `killAfterMs` later SIGKILL. */
  readonly timeoutMs: number;
  readonly killAfterMs: number;
  /** Gets what the helper writes on stderr, line by line. */
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** The whole environment of the helper; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
}

export type HelperResult<Report> =
  | { readonly kind: 'ok'; readonly report: Report; readonly durationMs: number }
  /** Ended by itself, not well. */
  | { readonly kind: 'failed'; readonly message: string; readonly exitCode?: number; readonly signal?: string }
  /** Did not end in time and was killed, which is safe: the next pass starts from what it reads. */
  | { readonly kind: 'hung'; readonly message: string }
  /** Exit code 0, and a report that is none. */
  | { readonly kind: 'malformed'; readonly message: string }
  | { readonly kind: 'cancelled' };
