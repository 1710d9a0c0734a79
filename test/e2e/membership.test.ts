import { describe, expect, it } from 'vitest';
import { waitUntil } from '../../tools/host/wait-until.ts';
import { shell } from '../../tools/kube/kube.ts';
import { endPod, inPod, labelNodes, makeClaim, startPod, useStage, volumeOfClaim } from './fixture.ts';
import { findText, nodesWithFolder } from './node-files.ts';

const stage = useStage('membership');

async function holders(claim: string): Promise<readonly string[]> {
  const { status } = await volumeOfClaim(stage, claim);
  const from = status.grant === undefined ? status.base.holders : (status.proven?.holders ?? []);
  return from.map((holder) => holder.node).toSorted();
}

async function waitForCopies(claim: string, nodes: readonly string[]): Promise<void> {
  const volume = await volumeOfClaim(stage, claim);
  const ask = async () => {
    const onDisk = await nodesWithFolder(stage.kube, volume.volumeId);
    const proven = await holders(claim);
    return onDisk.toSorted().join() === nodes.join() && proven.join() === nodes.join() ? true : undefined;
  };
  await waitUntil(ask, {
    signal: stage.kube.signal,
    timeoutMs: 120_000,
    what: `proven copies on ${nodes.join(', ')} alone`,
  });
}

describe('labels decide which nodes keep copies', () => {
  it('copies to a node that gets the label and takes the bytes from one that loses it', async () => {
    await labelNodes(stage.kube, ['node1', 'node2']);
    await makeClaim(stage, 'labels');
    await startPod(stage, 'writer', { node: 'node1', claim: 'labels' });
    await shell(stage.kube, 'echo text-of-labels > /data/file; sync', inPod(stage, 'writer'));
    await endPod(stage, 'writer');
    await waitForCopies('labels', ['node1', 'node2']);
    await labelNodes(stage.kube, ['node2', 'node3']);
    await waitForCopies('labels', ['node2', 'node3']);
    await startPod(stage, 'reader', { node: 'node3', claim: 'labels' });
    expect(await shell(stage.kube, 'cat /data/file', inPod(stage, 'reader'))).toBe('text-of-labels');
    await endPod(stage, 'reader');
    await labelNodes(stage.kube, ['node1', 'node2']);
    await waitForCopies('labels', ['node1', 'node2']);
  });

  it('does so while a pod writes', async () => {
    await labelNodes(stage.kube, ['node1', 'node2']);
    await makeClaim(stage, 'busy');
    await startPod(stage, 'writer', { node: 'node3', claim: 'busy' });
    await shell(stage.kube, 'echo first > /data/first; sync', inPod(stage, 'writer'));
    await labelNodes(stage.kube, ['node2', 'node3']);
    await shell(stage.kube, 'echo second > /data/second; sync', inPod(stage, 'writer'));
    await waitForCopies('busy', ['node2', 'node3']);
    await endPod(stage, 'writer');
    await startPod(stage, 'reader', { node: 'node2', claim: 'busy' });
    expect(await shell(stage.kube, 'cat /data/first /data/second', inPod(stage, 'reader'))).toBe(
      'first\nsecond',
    );
    await endPod(stage, 'reader');
  });

  it('never takes the last copy', async () => {
    await labelNodes(stage.kube, ['node1']);
    await makeClaim(stage, 'last');
    await startPod(stage, 'writer', { node: 'node1', claim: 'last' });
    await shell(stage.kube, 'echo text-of-the-last > /data/file; sync', inPod(stage, 'writer'));
    await endPod(stage, 'writer');
    await labelNodes(stage.kube, []);
    const told = async () => {
      const volume = await volumeOfClaim(stage, 'last');
      return volume.status.conditions.find((condition) => condition.reason === 'NoDataNode')?.message;
    };
    const message = await waitUntil(told, {
      signal: stage.kube.signal,
      timeoutMs: 60_000,
      what: 'the volume to say that it has no data node',
    });
    expect(message).toContain('kubectl label node');
    expect((await findText(stage.kube, 'node1', 'text-of-the-last')).length).toBe(1);
    await labelNodes(stage.kube, ['node1', 'node2']);
  });
});
