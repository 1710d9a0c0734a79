import { describe, expect, it } from 'vitest';
import { waitUntil } from '../../../tools/host/wait-until.ts';
import { shell } from '../../../tools/kube/kube.ts';
import { askForScrub, listReplicas } from '../../../tools/kube/volumes.ts';
import { endPod, inPod, labelNodes, makeClaim, startPod, useStage, volumeOfClaim } from '../fixture.ts';
import { HOST_DATA_DIR, onNode } from '../node-files.ts';

const stage = useStage('scrub');

async function waitForHolders(claim: string, nodes: readonly string[]): Promise<void> {
  const ask = async () => {
    const { base } = (await volumeOfClaim(stage, claim)).status;
    return base.holders.map(({ node }) => node).join() === nodes.join() ? true : undefined;
  };
  await waitUntil(ask, {
    signal: stage.kube.signal,
    timeoutMs: 120_000,
    what: `proven copies on ${nodes.join(', ')}`,
  });
}

/** Changes the first byte as a disk would that forgets: size and time stay. */
async function rot(node: string, file: string): Promise<void> {
  const script = `time=$(stat -c %y '${file}'); printf X | dd of='${file}' conv=notrunc status=none; touch -d "$time" '${file}'`;
  await onNode(stage.kube, node, ['sh', '-ec', script]);
}

/** Asks for a scrub of every copy, and gives what the copy on `node` reports of it. */
async function scrubNow(volume: string, node: string) {
  const asked = await askForScrub(stage.kube, volume);
  const ask = async () => {
    const replicas = await listReplicas(stage.kube, volume);
    const scrubbed = replicas.find(({ spec }) => spec.node === node)?.status?.scrubbed;
    return scrubbed?.startedAt !== undefined && scrubbed.startedAt >= asked ? scrubbed : undefined;
  };
  return await waitUntil(ask, {
    signal: stage.kube.signal,
    timeoutMs: 120_000,
    what: `a scrub of the copy on ${node}`,
  });
}

describe('a scrub', () => {
  it('finds a byte that rotted in a copy and fetches it again', async () => {
    await labelNodes(stage.kube, ['node1', 'node2']);
    await makeClaim(stage, 'rot');
    await startPod(stage, 'writer', { node: 'node1', claim: 'rot' });
    await shell(stage.kube, 'echo what-was-proven > /data/file; sync', inPod(stage, 'writer'));
    await endPod(stage, 'writer');
    await waitForHolders('rot', ['node1', 'node2']);
    const { name, volumeId } = await volumeOfClaim(stage, 'rot');
    const file = `${HOST_DATA_DIR}/volumes/${volumeId}/sync/data/file`;
    await rot('node2', file);
    expect(await onNode(stage.kube, 'node2', ['cat', file])).toContain('Xhat-was-proven');
    expect(await scrubNow(name, 'node2')).toMatchObject({ repaired: 1, differing: 0 });
    for (const node of ['node1', 'node2'])
      expect(await onNode(stage.kube, node, ['cat', file])).toContain('what-was-proven');
    await waitForHolders('rot', ['node1', 'node2']);
    await startPod(stage, 'reader', { node: 'node2', claim: 'rot' });
    expect(await shell(stage.kube, 'cat /data/file', inPod(stage, 'reader'))).toBe('what-was-proven');
    await endPod(stage, 'reader');
  });
});
