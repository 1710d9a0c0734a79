import { readFileSync } from 'node:fs';
import { waitUntil } from '../../../tools/host/wait-until.ts';
import { nodePath } from '../cluster/power.ts';
import { killKubelet, startKubelet } from '../cluster/services.ts';
import type { Stage } from '../cluster/stage.ts';
import { aimedVolume, type Fault } from './fault.ts';

/** Mount points on the node that show the volume's files. */
function mountPoints(stage: Stage, node: string, volumeId: string): readonly string[] {
  const file = nodePath(stage, node, '/proc/1/mountinfo');
  if (file === undefined) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , , root]) => root?.includes(`/${volumeId}/`) === true)
    .map(([, , , , target]) => target ?? '');
}

/** NodeUnpublish has been answered and NodeUnstage has not: the pod's mount is gone, the staging mount is there. */
function isBetween(points: readonly string[]): boolean {
  const isStaged = points.some((point) => point.endsWith('/globalmount'));
  return isStaged && !points.some((point) => point.includes('/pods/'));
}

/** The kubelet that comes back never calls NodeUnstage for it (handoff rule 18). */
export const killKubeletBeforeUnstage: Fault = {
  async apply(context) {
    const { stage, planned } = context;
    const volumeId = aimedVolume(context)?.volumeId ?? '';
    const options = { signal: stage.signal, timeoutMs: 30_000, everyMs: 3, what: 'NodeUnpublish' };
    try {
      const ask = () => isBetween(mountPoints(stage, planned.node, volumeId)) || undefined;
      await waitUntil(ask, options);
    } catch {
      stage.signal.throwIfAborted();
      return 'missed';
    }
    await killKubelet(stage, planned.node);
    return 'applied';
  },
  async heal({ stage, planned }) {
    await startKubelet(stage, planned.node);
  },
};
