import type { NodewatcherReport } from '../desired/node-view.ts';
import { applyActions } from '../runtime/apply-actions.ts';
import { systemClock } from '../runtime/clock.ts';
import { helperPass, type Pass } from '../runtime/helper-pass.ts';
import { createLogger } from '../runtime/logger.ts';
import { applyNodewatcher } from './apply.ts';
import { observeDiskFitness } from './observe.ts';
import { fitness, planNodewatcher } from './plan.ts';

/** The helper `nodewatcher`: whether this node is to be a data node, and whether it can be one. */
export async function main(): Promise<void> {
  const log = createLogger({ level: 'info', to: 'stderr', fields: { helper: 'nodewatcher' } });
  const { stdin, stdout } = process;
  process.exitCode = await helperPass({ stdin, stdout, clock: systemClock, log, run: watch });
}

async function watch({ view, budget, log }: Pass): Promise<NodewatcherReport> {
  const report = await applyActions(planNodewatcher(view, await observeDiskFitness(view)), {
    budget,
    log,
    itemsOf: ({ path }) => [path],
    apply: applyNodewatcher,
  });
  return { ...report, ...fitness(view, await observeDiskFitness(view)) };
}
