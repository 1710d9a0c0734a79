/** The helper `scrubber` as a program of its own, below everything else that the node does. */
import path from 'node:path';
import { scrubReport } from '../desired/scrub-schema.ts';
import type { ScrubReport } from '../desired/scrub.ts';
import { helperCommand } from '../runtime/program.ts';
import { runHelper } from '../runtime/subprocess.ts';
import { NodeError } from './errors.ts';
import type { HelpersOptions } from './helpers.ts';
import type { ScrubOrder, Scrubber } from './scrub-steps.ts';

export interface ScrubberOptions extends Pick<HelpersOptions, 'node' | 'callerFile' | 'log' | 'env'> {
  readonly syncthingSocket: string;
  readonly syncthingHome: string;
}

/** Reads only when nobody else does, and computes when nobody else wants to. */
const IDLE = ['ionice', '-c', '3', 'nice', '-n', '19'] as const;
const KILL_AFTER_MS = 5_000;
/** Beyond its budget, at least: a file that was begun is finished, and a disk may be slow. */
const LEAST_MS = 24 * 3_600_000;
/** A file that differs is read twice, and the disk may give half the rate. */
const READS = 4;
/** A timer cannot be longer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** After so long a pass hangs: no file of the copy is larger than `copyBytes`. */
export function scrubDeadlineMs({
  budgetMs,
  bytesPerSecond,
  copyBytes,
}: Pick<ScrubOrder, 'budgetMs' | 'bytesPerSecond' | 'copyBytes'>): number {
  const longestFileMs = Math.ceil((READS * copyBytes * 1000) / bytesPerSecond);
  return Math.min(LONGEST_TIMER_MS, budgetMs + Math.max(LEAST_MS, longestFileMs));
}

export function createScrubber(options: ScrubberOptions): Scrubber {
  const { node, callerFile, log, env, syncthingSocket, syncthingHome } = options;
  const syncthing = { socketPath: syncthingSocket, apiKeyFile: path.join(syncthingHome, 'api-key') };
  const [file, ...args] = IDLE;
  return async ({ copyBytes, ...request }, signal) => {
    const result = await runHelper<ScrubReport>({
      name: 'scrubber',
      command: [file, ...args, ...helperCommand({ node, callerFile, name: 'scrubber' })],
      input: { ...request, syncthing },
      report: scrubReport,
      timeoutMs: scrubDeadlineMs({ ...request, copyBytes }),
      killAfterMs: KILL_AFTER_MS,
      log: log.child({ helper: 'scrubber' }),
      signal,
      env,
    });
    if (result.kind === 'ok') return result.report;
    signal.throwIfAborted();
    throw new NodeError('io', result.kind === 'cancelled' ? 'the scrubber was ended' : result.message);
  };
}
