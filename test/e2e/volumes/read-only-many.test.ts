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
  NODES,
  startPod,
  useStage,
  volumeOfClaim,
  setModes,
} from '../fixture.ts';
import { readTree, writeOddTree } from '../odd-tree.ts';

const stage = useStage('read-only-many');
const WRITE = ['ReadWriteOnce', 'ReadOnlyMany'];
const READ = ['ReadOnlyMany', 'ReadWriteOnce'];

/** A claim that a pod of node1 wrote, to be read from now on. */
async function writtenClaim(claim: string): Promise<void> {
  await labelNodes(stage.kube, ['node1', 'node2']);
  await makeClaim(stage, claim, { accessModes: WRITE });
  await startPod(stage, 'writer', { node: 'node1', claim });
  await shell(stage.kube, 'echo first > /data/file; sync', inPod(stage, 'writer'));
  await endPod(stage, 'writer');
  await setModes(stage, claim, READ);
}

function readerOn(node: string): string {
  return `reader-${node}`;
}

async function readOn(node: string, claim: string): Promise<string> {
  await startPod(stage, readerOn(node), { node, claim, readOnly: true });
  return await shell(stage.kube, 'cat /data/file', inPod(stage, readerOn(node)));
}

/** Waits for the condition `Ready` to say so. */
async function told(claim: string, text: string): Promise<string> {
  const ask = async () => {
    const volume = await volumeOfClaim(stage, claim);
    const ready = volume.status.conditions.find((condition) => condition.type === 'Ready');
    return ready?.message.includes(text) === true ? ready.message : undefined;
  };
  return await waitUntil(ask, {
    signal: stage.kube.signal,
    timeoutMs: 90_000,
    what: `Ready to say "${text}"`,
  });
}

async function readerNodes(claim: string): Promise<readonly string[]> {
  return (await volumeOfClaim(stage, claim)).status.readers.map((reader) => reader.node);
}

/** Files and links: what readers see of the rest is less than a writer does (docs/limitations.md). */
function contentsOf(tree: readonly string[]): readonly string[] {
  return tree.filter((line) => /^(link |[0-9a-f]{64} )/.test(line));
}

/** Kubernetes attaches no PersistentVolume that lists both modes; attach.test.ts reads by a second one. */
describe.skipIf(ATTACH)('a volume that many nodes read', () => {
  it('is there on all of them at once, read-only, also where no copy was', async () => {
    await writtenClaim('many');
    for (const node of NODES) expect(await readOn(node, 'many')).toBe('first');
    expect(await readerNodes('many')).toEqual([...NODES].toSorted());
    expect((await volumeOfClaim(stage, 'many')).status.grant).toBeUndefined();
    for (const node of NODES) {
      const script = 'touch /data/new 2>&1 || echo refused';
      expect(await shell(stage.kube, script, inPod(stage, readerOn(node)))).toContain(
        'Read-only file system',
      );
    }
    await ensure(
      stage.kube,
      podManifest({ namespace: stage.namespace, name: 'bold', node: 'node1', claim: 'many' }),
    );
    await waitUntil(
      async () => {
        const text = await kubectl(stage.kube, ['-n', stage.namespace, 'describe', 'pod', 'bold']);
        return text.includes('set readOnly: true under persistentVolumeClaim') ? true : undefined;
      },
      { signal: stage.kube.signal, timeoutMs: 90_000, what: 'a pod that could write to be refused' },
    );
    await endPod(stage, 'bold');
    for (const node of NODES) await endPod(stage, readerOn(node));
    await waitUntil(async () => ((await readerNodes('many')).length === 0 ? true : undefined), {
      signal: stage.kube.signal,
      timeoutMs: 60_000,
      what: 'the readers to end',
    });
  });

  it('waits for its readers before it is written, and says for whom; readers wait for the writer', async () => {
    const { kube, namespace } = stage;
    await writtenClaim('turns');
    await readOn('node2', 'turns');
    await setModes(stage, 'turns', WRITE);
    await ensure(kube, podManifest({ namespace, name: 'next', node: 'node1', claim: 'turns' }));
    expect(await told('turns', 'node1 waits')).toContain('read on node2');
    expect((await read<V1Pod>(kube, podRef(namespace, 'next')))?.status?.phase).toBe('Pending');
    await endPod(stage, readerOn('node2'));
    await waitForRunning(kube, namespace, 'next', { timeoutMs: 200_000 });
    await shell(kube, 'echo second > /data/file; sync', inPod(stage, 'next'));
    await setModes(stage, 'turns', READ);
    await ensure(
      kube,
      podManifest({ namespace, name: readerOn('node3'), node: 'node3', claim: 'turns', readOnly: true }),
    );
    expect(await told('turns', 'node3 waits')).toContain('node1 holds the volume');
    await endPod(stage, 'next');
    await waitForRunning(kube, namespace, readerOn('node3'), { timeoutMs: 200_000 });
    expect(await shell(kube, 'cat /data/file', inPod(stage, readerOn('node3')))).toBe('second');
    await endPod(stage, readerOn('node3'));
  });

  it('lets pods of one node share the right to read, and begin anew after the last', async () => {
    await writtenClaim('shared');
    await startPod(stage, 'left', { node: 'node3', claim: 'shared', readOnly: true });
    await startPod(stage, 'right', { node: 'node3', claim: 'shared', readOnly: true });
    await endPod(stage, 'left');
    expect(await shell(stage.kube, 'cat /data/file', inPod(stage, 'right'))).toBe('first');
    await endPod(stage, 'right');
    expect(await readOn('node3', 'shared')).toBe('first');
    await endPod(stage, readerOn('node3'));
  });

  it('that nothing was ever written to says so to the pod that is to read it', async () => {
    const { kube, namespace } = stage;
    await labelNodes(kube, ['node1', 'node2']);
    await makeClaim(stage, 'empty', { accessModes: ['ReadOnlyMany'] });
    await ensure(
      kube,
      podManifest({ namespace, name: 'early', node: 'node1', claim: 'empty', readOnly: true }),
    );
    const described = async () => {
      const text = await kubectl(kube, ['-n', namespace, 'describe', 'pod', 'early']);
      return text.includes('nothing was ever written to the volume') ? text : undefined;
    };
    await waitUntil(described, {
      signal: kube.signal,
      timeoutMs: 90_000,
      what: 'the reason in kubectl describe pod',
    });
    await setModes(stage, 'empty', WRITE);
    await startPod(stage, 'writer', { node: 'node2', claim: 'empty' });
    await shell(kube, 'echo at-last > /data/file; sync', inPod(stage, 'writer'));
    await endPod(stage, 'writer');
    await endPod(stage, 'early');
    await setModes(stage, 'empty', READ);
    expect(await readOn('node1', 'empty')).toBe('at-last');
    await endPod(stage, readerOn('node1'));
  });

  it('has every file as it was written, and is as it was when it is written again', async () => {
    const { kube } = stage;
    await labelNodes(kube, ['node1', 'node2']);
    await makeClaim(stage, 'tree', { accessModes: WRITE });
    await startPod(stage, 'writer', { node: 'node1', claim: 'tree' });
    await writeOddTree(kube, 'tree', inPod(stage, 'writer'));
    const written = await readTree(kube, inPod(stage, 'writer'));
    await endPod(stage, 'writer');
    await setModes(stage, 'tree', READ);
    await startPod(stage, 'a', { node: 'node2', claim: 'tree', readOnly: true });
    await startPod(stage, 'b', { node: 'node3', claim: 'tree', readOnly: true });
    for (const pod of ['a', 'b'])
      expect(contentsOf(await readTree(kube, inPod(stage, pod)))).toEqual(contentsOf(written));
    expect(contentsOf(written).length).toBeGreaterThan(10);
    await endPod(stage, 'a');
    await endPod(stage, 'b');
    await setModes(stage, 'tree', WRITE);
    await startPod(stage, 'writer', { node: 'node3', claim: 'tree' });
    expect(await readTree(kube, inPod(stage, 'writer'))).toEqual(written);
    await endPod(stage, 'writer');
  });

  it('keeps a pod that mounts it read-only under ReadWriteOnce a writer like any', async () => {
    const { kube, namespace } = stage;
    await labelNodes(kube, ['node1', 'node2']);
    await makeClaim(stage, 'plain');
    await startPod(stage, 'writer', { node: 'node1', claim: 'plain' });
    await shell(kube, 'echo first > /data/file; sync', inPod(stage, 'writer'));
    await endPod(stage, 'writer');
    const pod = podManifest({ namespace, name: 'looker', node: 'node2', claim: 'plain' });
    const [volume] = pod.spec?.volumes ?? [];
    if (volume?.persistentVolumeClaim !== undefined) volume.persistentVolumeClaim.readOnly = true;
    await ensure(kube, pod);
    await waitForRunning(kube, namespace, 'looker');
    expect(await shell(kube, 'cat /data/file', inPod(stage, 'looker'))).toBe('first');
    const { grant, readers } = (await volumeOfClaim(stage, 'plain')).status;
    expect([grant?.node, readers]).toEqual(['node2', []]);
    await endPod(stage, 'looker');
  });
});
