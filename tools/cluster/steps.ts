import { type ListrTask, Listr, PRESET_TIMER } from 'listr2';

/** Something a user waits for: shown with its time, and named when it fails. */
export type Step = {
  readonly title: string;
  readonly run: (report: (line: string) => void) => Promise<void>;
};

/** Steps in order, or several rows of steps at the same time. */
export type StepGroup =
  | Step
  | { readonly title: string; readonly together: readonly StepGroup[] }
  | { readonly title: string; readonly inOrder: readonly StepGroup[] };

/** A step failed; the message is for its row, the explanation for whoever must do something about it. */
export class StepError extends Error {
  readonly explanation: string;

  constructor(title: string, cause: unknown) {
    const explanation = cause instanceof Error ? cause.message : String(cause);
    super(explanation.split('\n')[0], { cause });
    this.name = 'StepError';
    this.explanation = `${title}: ${explanation}`;
  }
}

const REPORT_EVERY_MS = 10_000;

/** On a terminal the line is redrawn; in a log, one line now and then is enough to see that it goes on. */
function throttled(report: (line: string) => void, interactive: boolean): (line: string) => void {
  let next = 0;
  return (line) => {
    if (!interactive && Date.now() < next) return;
    next = Date.now() + REPORT_EVERY_MS;
    report(line);
  };
}

type Run = {
  readonly interactive: boolean;
  /** Every step that has begun, so that none is left running behind a failure. */
  readonly begun: Promise<void>[];
  readonly onFailure: () => void;
};

function task(group: StepGroup, run: Run): ListrTask {
  if ('run' in group)
    return {
      title: group.title,
      async task(_, handle) {
        const report = throttled((line) => {
          handle.output = line;
        }, run.interactive);
        const work = group.run(report);
        run.begun.push(work);
        try {
          await work;
        } catch (error) {
          run.onFailure();
          throw new StepError(group.title, error);
        }
      },
    };
  const concurrent = 'together' in group;
  const children = concurrent ? group.together : group.inOrder;
  return {
    title: group.title,
    task: (_, handle) =>
      handle.newListr(
        children.map((child) => task(child, run)),
        { concurrent, exitOnError: true },
      ),
  };
}

export type StepOptions = {
  /** A terminal that can be redrawn. */
  readonly interactive: boolean;
  /** Ends the steps that run beside the one that failed. */
  readonly onFailure?: () => void;
};

/**
 * Runs the steps one after the other and shows which runs and for how long, on a terminal and in a log. When it fails,
 * nothing of it runs any more.
 */
export async function runSteps(groups: readonly StepGroup[], options: StepOptions): Promise<void> {
  const { interactive } = options;
  const run: Run = { interactive, begun: [], onFailure: () => options.onFailure?.() };
  const timer = { ...PRESET_TIMER, condition: (duration: number) => duration > 500 };
  const list = new Listr(
    groups.map((group) => task(group, run)),
    {
      renderer: interactive ? 'default' : 'simple',
      rendererOptions: { timer, collapseSubtasks: false, collapseErrors: true, showErrorMessage: false },
      fallbackRendererOptions: { timer },
      registerSignalListeners: false,
    },
  );
  try {
    await list.run();
  } finally {
    await Promise.allSettled(run.begun);
  }
}
