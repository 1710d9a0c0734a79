import { scrubRequest } from '../desired/scrub-schema.ts';
import { systemClock } from '../runtime/clock.ts';
import { answerRequest } from '../runtime/helper-pass.ts';
import { localSyncthing } from '../runtime/local-syncthing.ts';
import { createLogger } from '../runtime/logger.ts';
import { scrubCopy } from './scrub-copy.ts';

/** The helper `scrubber`: compares the files of one copy with what Syncthing's index says of them. */
export async function main(): Promise<void> {
  const log = createLogger({ level: 'info', to: 'stderr', fields: { helper: 'scrubber' } });
  const { stdin, stdout } = process;
  const stop = new AbortController();
  process.once('SIGTERM', () => stop.abort(new DOMException('asked to stop', 'AbortError')));
  process.exitCode = await answerRequest({
    stdin,
    stdout,
    log,
    async answer(text) {
      const request = scrubRequest.parse(JSON.parse(text));
      using syncthing = await localSyncthing(request);
      const budget = { clock: systemClock, endsAt: systemClock.now() + request.budgetMs };
      return await scrubCopy(request, { client: syncthing.client, budget, signal: stop.signal });
    },
  });
}
