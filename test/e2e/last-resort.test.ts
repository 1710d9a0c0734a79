import { afterAll, expect, it } from 'vitest';
import type { SyncthingVolume } from '../../src/desired/volume.ts';
import { waitUntil } from '../../tools/host/wait-until.ts';
import { ensure, kubectl, shell } from '../../tools/kube/kube.ts';
import { podManifest } from '../../tools/kube/manifests.ts';
import { DRIVER_NAMESPACE, listReplicas } from '../../tools/kube/volumes.ts';
import { waitForRunning } from '../../tools/kube/wait-for.ts';
import { endPod, inPod, labelNodes, makeClaim, NODES, startPod, untilVolume, useStage } from './fixture.ts';
import { onNode } from './node-files.ts';
import { power, taintAsGone, untaint } from './node-power.ts';

const stage = useStage('last-resort');
const CLAIM = 'lost';
const GONE = ['node1', 'node3'];

async function until(what: string, isSo: (volume: SyncthingVolume) => boolean): Promise<SyncthingVolume> {
  return await untilVolume(stage, { claim: CLAIM, what }, isSo);
}

async function powerAll(): Promise<void> {
  for (const node of NODES) await power(stage.kube, 'node-start', node);
  for (const node of GONE) await untaint(stage.kube, node);
}

afterAll(powerAll);

/** node2 is off while this is written and acknowledged. */
async function writeWithoutNode2(): Promise<void> {
  await power(stage.kube, 'node-kill', 'node2');
  await startPod(stage, 'writer', { node: 'node1', claim: CLAIM });
  await shell(stage.kube, 'echo second > /data/second; sync', inPod(stage, 'writer'));
  const written = new Date().toISOString();
  await until('the second file to be acknowledged', (volume) => {
    return (volume.status.replicatedThrough ?? '') > written;
  });
}

async function acceptLoss({ name, status: { grant } }: SyncthingVolume): Promise<void> {
  const patch = JSON.stringify({ spec: { forceDetach: { epoch: grant?.epoch, acceptLoss: true } } });
  const words = ['-n', DRIVER_NAMESPACE, 'patch', 'stvol', name, '--type', 'merge', '-p', patch];
  await kubectl(stage.kube, words);
}

it('a volume of which nothing is left that was acknowledged last goes on from an older copy at a word', async () => {
  const { kube, namespace } = stage;
  await labelNodes(kube, NODES);
  await makeClaim(stage, CLAIM);
  await startPod(stage, 'first', { node: 'node1', claim: CLAIM });
  await shell(kube, 'echo first > /data/first; sync', inPod(stage, 'first'));
  await endPod(stage, 'first');
  await until('three proven copies', ({ status }) => status.base.holders.length === NODES.length);
  await writeWithoutNode2();
  for (const node of GONE) await power(kube, 'node-kill', node);
  await power(kube, 'node-start', 'node2');
  for (const node of GONE) await taintAsGone(kube, node);
  await ensure(kube, podManifest({ namespace, name: 'next', node: 'node2', claim: CLAIM }));
  const blocked = await until('Blocked', ({ status: { conditions } }) =>
    conditions.some(({ type, reason }) => type === 'Ready' && reason === 'Blocked'),
  );
  const ready = blocked.status.conditions.find(({ type }) => type === 'Ready');
  expect(ready?.message).toContain('bring back node1, node3');
  expect(ready?.message).toContain('The last resort');

  await acceptLoss(blocked);
  await waitForRunning(kube, namespace, 'next', { timeoutMs: 240_000 });
  expect(await shell(kube, 'cd /data; cat *', inPod(stage, 'next'))).toBe('first');
  const told = await kubectl(kube, ['-n', DRIVER_NAMESPACE, 'describe', 'stvol', blocked.name]);
  expect(told).toMatch(/Warning\s+FailedOver/);

  await powerAll();
  await until('both copies to be those of the new lineage', ({ status }) => status.stale.length === 0);
  const archives = (await listReplicas(kube, blocked.name)).map(({ spec, status }) => ({
    node: spec.node,
    archive: status?.rejoin?.archive ?? '',
  }));
  for (const node of GONE) {
    const { archive } = archives.find((each) => each.node === node) ?? { archive: '' };
    const file = `${archive}/data/second`;
    const ask = async () => (await onNode(kube, node, ['sh', '-c', `cat ${file} || true`])).trim();
    await waitUntil(async () => ((await ask()) === 'second' ? true : undefined), {
      signal: kube.signal,
      timeoutMs: 60_000,
      what: `${file} on ${node}`,
    });
  }
  await endPod(stage, 'next');
}, 900_000);
