import type { IntroducerReport } from '../desired/node-view.ts';
import { applyActions, isDoubtful } from '../runtime/apply-actions.ts';
import { systemClock } from '../runtime/clock.ts';
import { helperPass, type Pass } from '../runtime/helper-pass.ts';
import { localSyncthing } from '../runtime/local-syncthing.ts';
import { createLogger } from '../runtime/logger.ts';
import { applyIntroducer, nodesOf } from './apply.ts';
import { observeDevices } from './observe.ts';
import { fencedNodes, planIntroducer } from './plan.ts';

/** The helper `introducer`: which devices the local Syncthing knows, and which of them are fenced. */
export async function main(): Promise<void> {
  const log = createLogger({ level: 'info', to: 'stderr', fields: { helper: 'introducer' } });
  const { stdin, stdout } = process;
  process.exitCode = await helperPass({ stdin, stdout, clock: systemClock, log, run: introduce });
}

async function introduce({ view, budget, log, signal }: Pass): Promise<IntroducerReport> {
  using syncthing = await localSyncthing(view);
  const { client, needed } = syncthing;
  const report = await applyActions(planIntroducer(view, await needed(observeDevices(client, signal))), {
    budget,
    log,
    itemsOf: nodesOf,
    apply: (action) => applyIntroducer(client, action, signal),
  });
  if (isDoubtful(view, report)) await needed(client.configSettled({ signal }));
  // Read again: a fence is reported when it stands, not when it was asked for.
  return { ...report, fenced: fencedNodes(view, await needed(observeDevices(client, signal))) };
}
