import { describe, expect, it } from 'vitest';
import { waitUntil } from '../../../tools/host/wait-until.ts';
import { kubectl, shell } from '../../../tools/kube/kube.ts';
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
import { useSharedClass } from '../shared-class.ts';

const stage = useStage('shared-writers');
const makeSharedClaim = useSharedClass(stage);

async function sharedClaim(claim: string): Promise<void> {
  await labelNodes(stage.kube, ['node1', 'node2']);
  await makeSharedClaim(claim);
}

function podOn(node: string): string {
  return `writer-${node}`;
}

async function sh(node: string, script: string): Promise<string> {
  return await shell(stage.kube, script, inPod(stage, podOn(node)));
}

/** Looks until the script says so on that node; a file that it reads may not have come yet. */
async function until(node: string, script: string, expected: string): Promise<void> {
  await waitUntil(
    async () => ((await sh(node, `{ ${script}; } 2>&1 || true`)) === expected ? true : undefined),
    {
      signal: stage.kube.signal,
      timeoutMs: 120_000,
      what: `"${script}" to say "${expected}" on ${node}`,
    },
  );
}

async function conditionOf(claim: string, type: string) {
  return (await volumeOfClaim(stage, claim)).status.conditions.find((condition) => condition.type === type);
}

async function untilNobodyWrites(claim: string): Promise<void> {
  const ask = async () =>
    (await volumeOfClaim(stage, claim)).status.writers.length === 0 ? true : undefined;
  await waitUntil(ask, { signal: stage.kube.signal, timeoutMs: 180_000, what: 'the sessions to end' });
}

describe('a volume that many nodes write', () => {
  it('is there on all of them at once, and each gets what the others write', async () => {
    await sharedClaim('many');
    for (const node of NODES) await startPod(stage, podOn(node), { node, claim: 'many' });
    for (const node of NODES) await sh(node, `echo ${node} > /data/from-${node}; sync`);
    for (const node of NODES)
      await until(node, 'cat /data/from-* | sort | xargs', [...NODES].toSorted().join(' '));
    expect(await conditionOf('many', 'Ready')).toMatchObject({ status: 'True', reason: 'Shared' });
    const columns = await kubectl(stage.kube, ['-n', 'syncthing-csi', 'get', 'stvol']);
    expect(columns).toContain([...NODES].toSorted().join(', '));
    for (const node of NODES) await endPod(stage, podOn(node));
    await untilNobodyWrites('many');
    await startPod(stage, podOn('node3'), { node: 'node3', claim: 'many' });
    expect(await sh('node3', 'cat /data/from-* | sort | xargs')).toBe([...NODES].toSorted().join(' '));
    await endPod(stage, podOn('node3'));
  });

  it('keeps both versions of a file that two nodes changed, and says so', async () => {
    await sharedClaim('conflict');
    for (const node of ['node1', 'node3']) await startPod(stage, podOn(node), { node, claim: 'conflict' });
    await sh('node1', 'echo before > /data/file; sync');
    await until('node3', 'cat /data/file', 'before');
    await Promise.all([
      sh('node1', 'echo one > /data/file; sync'),
      sh('node3', 'echo other > /data/file; sync'),
    ]);
    for (const node of ['node1', 'node3'])
      await until(node, 'cat /data/file* | sort -u | xargs', 'one other');
    const told = async () => {
      const found = await conditionOf('conflict', 'Conflicted');
      return found?.status === 'True' ? found.message : undefined;
    };
    const message = await waitUntil(told, {
      signal: stage.kube.signal,
      timeoutMs: 120_000,
      what: 'the condition Conflicted',
    });
    expect(message).toContain('file.sync-conflict-');
    const events = await kubectl(stage.kube, ['-n', stage.namespace, 'describe', 'pvc', 'conflict']);
    expect(events).toContain('Conflict');
    await sh('node1', 'rm /data/file.sync-conflict-*');
    await waitUntil(
      async () => ((await conditionOf('conflict', 'Conflicted'))?.status === 'False' ? true : undefined),
      { signal: stage.kube.signal, timeoutMs: 120_000, what: 'the condition to go' },
    );
    for (const node of ['node1', 'node3']) await endPod(stage, podOn(node));
    await untilNobodyWrites('conflict');
  });

  it('is refused by a class that does not say so', async () => {
    await makeClaim(stage, 'refused', { accessModes: ['ReadWriteMany'] });
    const told = async () => {
      const text = await kubectl(stage.kube, ['-n', stage.namespace, 'describe', 'pvc', 'refused']);
      return text.includes('access: eventual') ? text : undefined;
    };
    await waitUntil(told, { signal: stage.kube.signal, timeoutMs: 60_000, what: 'the reason on the claim' });
  });
});
