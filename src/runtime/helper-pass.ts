import type { NodeView } from '../desired/node-view.ts';
import { parseNodeView } from '../desired/parse-node-view.ts';
import { messageOf, type Budget } from './apply-actions.ts';
import type { Clock } from './clock.ts';
import type { Logger } from './logger.ts';

/** No single call takes longer than this: the deadline of a bulk change of Syncthing's configuration. */
const LONGEST_CALL_MS = 60_000;

export interface Pass {
  readonly view: NodeView;
  readonly budget: Budget;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export interface PassOptions<Report> {
  readonly stdin: AsyncIterable<string | Uint8Array>;
  /** Gets the report, one line of JSON, and nothing else. */
  readonly stdout: { write(line: string): unknown };
  readonly clock: Clock;
  readonly log: Logger;
  readonly run: (pass: Pass) => Promise<Report>;
}

/**
 * One pass of a helper: the view from stdin, the report to stdout. Answers the exit code: 0 also when single items
 * failed, which the report names; 1 when nothing could be done at all, and then stderr says why.
 */
export async function helperPass<Report>(options: PassOptions<Report>): Promise<0 | 1> {
  const { clock, log, stdin, stdout } = options;
  return answerRequest({
    stdin,
    stdout,
    log,
    answer(text) {
      const view = parseNodeView(text);
      const budget = { clock, endsAt: clock.now() + view.budgetMs };
      const signal = AbortSignal.timeout(view.budgetMs + LONGEST_CALL_MS);
      return options.run({ view, budget, log, signal });
    },
  });
}

export interface AnswerOptions<Report> extends Pick<PassOptions<Report>, 'stdin' | 'stdout' | 'log'> {
  /** Gets all of stdin. */
  readonly answer: (text: string) => Promise<Report>;
}

/** What a helper's pass is made of, whatever it reads; the exit code as of helperPass. */
export async function answerRequest<Report>(options: AnswerOptions<Report>): Promise<0 | 1> {
  try {
    const report = await options.answer(await readAll(options.stdin));
    options.stdout.write(`${JSON.stringify(report)}\n`);
    return 0;
  } catch (error) {
    // In the message too: whoever runs the helper is told the last message alone.
    options.log.error({ error }, `nothing could be done: ${messageOf(error)}`);
    return 1;
  }
}

async function readAll(stdin: AsyncIterable<string | Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of stdin) {
    text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
