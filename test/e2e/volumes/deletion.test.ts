import { describe, expect, it } from 'vitest';
import { waitUntil } from '../../../tools/host/wait-until.ts';
import { kubectl, remove, shell } from '../../../tools/kube/kube.ts';
import { claimRef, waitForGone } from '../../../tools/kube/wait-for.ts';
import { DRIVER_NAMESPACE, listNodes, listReplicas, listVolumes } from '../../../tools/kube/volumes.ts';
import {
  endPod,
  inPod,
  labelNodes,
  makeClaim,
  NODES,
  startPod,
  useStage,
  volumeOfClaim,
} from '../fixture.ts';
import { findText, nodesWithFolder } from '../node-files.ts';

const stage = useStage('deletion');

async function writtenVolume(claim: string, text: string) {
  await labelNodes(stage.kube, ['node1', 'node2']);
  await makeClaim(stage, claim);
  await startPod(stage, 'writer', { node: 'node1', claim });
  await shell(stage.kube, `echo ${text} > /data/file; sync`, inPod(stage, 'writer'));
  await endPod(stage, 'writer');
  const volume = await volumeOfClaim(stage, claim);
  const everywhere = async () =>
    (await nodesWithFolder(stage.kube, volume.volumeId)).length === 2 ? true : undefined;
  await waitUntil(everywhere, { signal: stage.kube.signal, timeoutMs: 60_000, what: 'two copies on disk' });
  return volume;
}

describe('deletion', () => {
  it('takes the bytes from every node when the claim goes', async () => {
    const volume = await writtenVolume('goes', 'text-that-goes');
    await remove(stage.kube, claimRef(stage.namespace, 'goes'));
    const gone = async () => {
      const left = (await listVolumes(stage.kube)).some((other) => other.name === volume.name);
      const folders = await nodesWithFolder(stage.kube, volume.volumeId);
      return !left && folders.length === 0 ? true : undefined;
    };
    await waitUntil(gone, {
      signal: stage.kube.signal,
      timeoutMs: 120_000,
      what: `volume ${volume.name} and its folders to go`,
    });
    const cleared = async () => {
      const found = await Promise.all(
        NODES.map(async (node) => await findText(stage.kube, node, 'text-that-goes')),
      );
      return found.flat().length === 0 ? true : undefined;
    };
    await waitUntil(cleared, {
      signal: stage.kube.signal,
      timeoutMs: 180_000,
      what: 'the trash to be emptied',
    });
    expect(await listReplicas(stage.kube, volume.name)).toEqual([]);
  });

  it('keeps the bytes when somebody deletes the resources behind the driver', async () => {
    const volume = await writtenVolume('kept', 'text-that-stays');
    await kubectl(
      stage.kube,
      ['-n', DRIVER_NAMESPACE, 'delete', 'stvol', volume.name, '--wait=true', '--timeout=60s'],
      90_000,
    );
    const listed = async () => {
      const nodes = await listNodes(stage.kube);
      const orphaned = nodes.filter((node) =>
        node.status?.orphans.some((orphan) => orphan.includes(volume.volumeId)),
      );
      return orphaned.length === 2 ? true : undefined;
    };
    await waitUntil(listed, {
      signal: stage.kube.signal,
      timeoutMs: 120_000,
      what: 'both copies to be listed as orphans',
    });
    for (const node of ['node1', 'node2']) {
      expect((await findText(stage.kube, node, 'text-that-stays')).length).toBeGreaterThan(0);
    }
    await remove(stage.kube, claimRef(stage.namespace, 'kept'));
    await waitForGone(stage.kube, claimRef(stage.namespace, 'kept'));
    for (const node of ['node1', 'node2']) {
      expect((await findText(stage.kube, node, 'text-that-stays')).length).toBeGreaterThan(0);
    }
  });
});
