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

/** A step failed; the cause says why. */
export class StepError extends Error {
  constructor(title: string, cause: unknown) {
    super(`${title}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'StepError';
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

function task(group: StepGroup, interactive: boolean): ListrTask {
  if ('run' in group)
    return {
      title: group.title,
      async task(_, handle) {
        const report = throttled((line) => {
          handle.output = line;
        }, interactive);
        try {
          await group.run(report);
        } catch (error) {
          throw error instanceof StepError ? error : new StepError(group.title, error);
        }
      },
    };
  const concurrent = 'together' in group;
  const children = concurrent ? group.together : group.inOrder;
  return {
    title: group.title,
    task: (_, handle) =>
      handle.newListr(
        children.map((child) => task(child, interactive)),
        { concurrent, exitOnError: true },
      ),
  };
}

/** Runs the steps one after the other and shows which runs and for how long, on a terminal and in a log. */
export async function runSteps(groups: readonly StepGroup[], interactive: boolean): Promise<void> {
  const timer = { ...PRESET_TIMER, condition: (duration: number) => duration > 500 };
  const list = new Listr(
    groups.map((group) => task(group, interactive)),
    {
      renderer: interactive ? 'default' : 'simple',
      rendererOptions: { timer, collapseSubtasks: false, collapseErrors: true, showErrorMessage: false },
      fallbackRendererOptions: { timer },
      registerSignalListeners: false,
    },
  );
  await list.run();
}
