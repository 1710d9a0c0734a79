/** The helper `scrubber` as a program of its own, below everything else that the node does. */
import path from 'node:path';
import { scrubReport } from '../desired/scrub-schema.ts';
import type { ScrubReport } from '../desired/scrub.ts';
import { helperCommand } from '../runtime/program.ts';
import { runHelper } from '../runtime/subprocess.ts';
import { NodeError } from './errors.ts';
import type { HelpersOptions } from './helpers.ts';
import type { Scrubber } from './scrub-steps.ts';

export interface ScrubberOptions extends Pick<HelpersOptions, 'node' | 'callerFile' | 'log' | 'env'> {
  readonly syncthingSocket: string;
  readonly syncthingHome: string;
}

/** Reads only when nobody else does, and computes when nobody else wants to. */
const IDLE = ['ionice', '-c', '3', 'nice', '-n', '19'] as const;
/** Beyond its budget: a file that was begun is finished, and a large one at a low rate takes hours. */
const LONGEST_FILE_MS = 24 * 3_600_000;
const KILL_AFTER_MS = 5_000;

export function createScrubber(options: ScrubberOptions): Scrubber {
  const { node, callerFile, log, env, syncthingSocket, syncthingHome } = options;
  const syncthing = { socketPath: syncthingSocket, apiKeyFile: path.join(syncthingHome, 'api-key') };
  const [file, ...args] = IDLE;
  return async (request, signal) => {
    const result = await runHelper<ScrubReport>({
      name: 'scrubber',
      command: [file, ...args, ...helperCommand({ node, callerFile, name: 'scrubber' })],
      input: { ...request, syncthing },
      report: scrubReport,
      timeoutMs: request.budgetMs + LONGEST_FILE_MS,
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
