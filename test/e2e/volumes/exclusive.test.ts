import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { waitUntil } from '../../../tools/host/wait-until.ts';
import { ensure, kubectl, read, shell } from '../../../tools/kube/kube.ts';
import { podManifest } from '../../../tools/kube/manifests.ts';
import { podRef, waitForRunning } from '../../../tools/kube/wait-for.ts';
import {
  ATTACH,
  endPod,
  inPod,
  labelNodes,
  makeClaim,
  startPod,
  useStage,
  volumeOfClaim,
} from '../fixture.ts';

const stage = useStage('exclusive');

/** Why that node waits, in the condition `Ready`; with `attach: true` its pod does not get so far. */
async function reasonOnVolume(node: string): Promise<string> {
  const told = async () => {
    const volume = await volumeOfClaim(stage, 'one');
    const ready = volume.status.conditions.find((condition) => condition.type === 'Ready');
    return ready?.message.includes(`${node} waits`) === true ? ready.message : undefined;
  };
  return await waitUntil(told, {
    signal: stage.kube.signal,
    timeoutMs: 60_000,
    what: 'the reason on the volume',
  });
}

describe('two pods of two nodes that want one exclusive volume', () => {
  it('has the second wait, says why, and lets it in with all that the first wrote', async () => {
    const { kube, namespace } = stage;
    await labelNodes(kube, ['node1', 'node2']);
    await makeClaim(stage, 'one');
    await startPod(stage, 'first', { node: 'node1', claim: 'one' });
    await ensure(kube, podManifest({ namespace, name: 'second', node: 'node2', claim: 'one' }));
    if (!ATTACH) expect(await reasonOnVolume('node2')).toContain('node1 holds the volume');
    const reason = ATTACH ? 'Multi-Attach error' : 'node1 holds the volume';
    const described = async () => {
      const text = await kubectl(kube, ['-n', namespace, 'describe', 'pod', 'second']);
      return text.includes(reason) ? text : undefined;
    };
    await waitUntil(described, {
      signal: kube.signal,
      timeoutMs: 150_000,
      what: 'the reason in kubectl describe pod',
    });
    const second = await read<V1Pod>(kube, podRef(namespace, 'second'));
    expect(second?.status?.phase).toBe('Pending');
    await shell(kube, 'echo last > /data/last; sync', inPod(stage, 'first'));
    await endPod(stage, 'first');
    await waitForRunning(kube, namespace, 'second', { timeoutMs: 200_000 });
    expect(await shell(kube, 'cat /data/last', inPod(stage, 'second'))).toBe('last');
    await endPod(stage, 'second');
  });

  it('lets two pods of one node share it', async () => {
    await labelNodes(stage.kube, ['node1', 'node2']);
    await makeClaim(stage, 'shared');
    await startPod(stage, 'left', { node: 'node3', claim: 'shared' });
    await startPod(stage, 'right', { node: 'node3', claim: 'shared' });
    await shell(stage.kube, 'echo hello > /data/greeting', inPod(stage, 'left'));
    expect(await shell(stage.kube, 'cat /data/greeting', inPod(stage, 'right'))).toBe('hello');
    await endPod(stage, 'left');
    await shell(stage.kube, 'echo more >> /data/greeting', inPod(stage, 'right'));
    await endPod(stage, 'right');
  });
});
