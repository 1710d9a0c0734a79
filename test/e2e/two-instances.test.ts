import type { V1Pod } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { waitUntil } from '../../tools/host/wait-until.ts';
import { deploy, undeploy, type Release } from '../../tools/deploy/deploy.ts';
import { ensure, kubectl, remove, shell } from '../../tools/kube/kube.ts';
import { SHELL_IMAGE, WAIT_SCRIPT } from '../../tools/kube/manifests.ts';
import { DRIVER_NAMESPACE, listNodes, listReplicas, volumeOf } from '../../tools/kube/volumes.ts';
import { claimRef, waitForBound, waitForGone, waitForRunning } from '../../tools/kube/wait-for.ts';
import { endPod, inPod, labelNodes, makeClaim, NODES, startPod, useStage, volumeOfClaim } from './fixture.ts';
import { HOST_DATA_DIR, onNode } from './node-files.ts';

const stage = useStage('two-instances');
const DRIVER = 'second.example.org';
const LABEL = `${DRIVER}/syncthing-storage`;
const DIRECTORY = '/var/syncthing-csi-second';
const SECOND: Release = {
  name: 'second',
  namespace: 'syncthing-csi-second',
  set: { driverName: DRIVER, nameSuffix: 'second', hostDataDir: DIRECTORY },
};
const namespaceRef = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SECOND.namespace } };

async function labelSecond(dataNodes: readonly string[]): Promise<void> {
  for (const node of NODES) {
    const change = dataNodes.includes(node) ? `${LABEL}=yes` : `${LABEL}-`;
    await kubectl(stage.kube, ['label', 'node', node, change, '--overwrite']);
  }
}

async function removeSecond(): Promise<void> {
  await undeploy(stage.kube, SECOND, { force: true });
  await remove(stage.kube, namespaceRef);
  await waitForGone(stage.kube, namespaceRef);
  await labelSecond([]);
  for (const node of NODES) await onNode(stage.kube, node, ['rm', '-rf', '--one-file-system', DIRECTORY]);
}

beforeAll(async () => {
  await removeSecond();
  await labelNodes(stage.kube, ['node1', 'node2']);
  await deploy(stage.kube, SECOND);
  await labelSecond(['node2', 'node3']);
});
afterAll(async () => {
  for (const claim of ['a', 'b']) await remove(stage.kube, claimRef(stage.namespace, claim));
  await removeSecond();
});

/** A pod with a volume of each. */
async function startBoth(name: string, node: string): Promise<void> {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: stage.namespace },
    spec: {
      nodeSelector: { 'kubernetes.io/hostname': node },
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 10,
      containers: [
        {
          name: 'main',
          image: SHELL_IMAGE,
          imagePullPolicy: 'IfNotPresent',
          command: ['sh', '-c', WAIT_SCRIPT],
          volumeMounts: [
            { name: 'a', mountPath: '/a' },
            { name: 'b', mountPath: '/b' },
          ],
        },
      ],
      volumes: ['a', 'b'].map((claim) => ({ name: claim, persistentVolumeClaim: { claimName: claim } })),
    },
  } satisfies V1Pod;
  await ensure(stage.kube, pod);
  await waitForRunning(stage.kube, stage.namespace, name);
}

async function secondVolume() {
  const { kube, namespace } = stage;
  const volume = await volumeOf(kube, await waitForBound(kube, namespace, 'b'), SECOND.namespace);
  if (volume === undefined) throw new Error('claim b has no SyncthingVolume in the second namespace');
  return volume;
}

/** Nodes with a copy of it, on the disk of that instance. */
async function copiesIn(directory: string, folderId: string): Promise<readonly string[]> {
  const found = await Promise.all(
    NODES.map(async (node) => {
      const file = `${directory}/volumes/${folderId}/sync/data/file`;
      const listed = await onNode(stage.kube, node, ['sh', '-c', `cat ${file} 2>/dev/null || true`]);
      return listed.trim() === '' ? [] : [node];
    }),
  );
  return found.flat();
}

async function untilCopies(directory: string, folderId: string, nodes: readonly string[]): Promise<void> {
  const ask = async () =>
    (await copiesIn(directory, folderId)).toSorted().join() === nodes.join() ? true : undefined;
  const what = `copies of ${folderId} on ${nodes.join(', ')}`;
  await waitUntil(ask, { signal: stage.kube.signal, timeoutMs: 120_000, what });
}

describe('two instances on the same nodes', () => {
  it('have volumes in one pod, each on the nodes of its own label', async () => {
    await makeClaim(stage, 'a');
    await makeClaim(stage, 'b', { storageClass: 'syncthing-second' });
    await startBoth('both', 'node2');
    await shell(stage.kube, 'echo of-a > /a/file; echo of-b > /b/file; sync', inPod(stage, 'both'));
    await endPod(stage, 'both');
    const a = await volumeOfClaim(stage, 'a');
    const b = await secondVolume();
    await untilCopies(HOST_DATA_DIR, a.volumeId, ['node1', 'node2']);
    await untilCopies(DIRECTORY, b.volumeId, ['node2', 'node3']);
    expect(await copiesIn(HOST_DATA_DIR, b.volumeId)).toEqual([]);
    expect(await copiesIn(DIRECTORY, a.volumeId)).toEqual([]);
    await startBoth('moved', 'node3');
    expect(await shell(stage.kube, 'cat /a/file /b/file', inPod(stage, 'moved'))).toBe('of-a\nof-b');
    await endPod(stage, 'moved');
  });

  it('do not see each other’s label', async () => {
    const a = await volumeOfClaim(stage, 'a');
    const b = await secondVolume();
    const dataNodes = async () =>
      (await listReplicas(stage.kube, a.name))
        .filter(({ spec }) => spec.role === 'data')
        .map(({ spec }) => spec.node)
        .toSorted();
    expect(await dataNodes()).toEqual(['node1', 'node2']);
    await labelSecond([...NODES]);
    await untilCopies(DIRECTORY, b.volumeId, [...NODES]);
    expect(await dataNodes()).toEqual(['node1', 'node2']);
    const labelled = (await listNodes(stage.kube)).filter(({ status }) => status?.labelled);
    expect(labelled.map(({ name }) => name).toSorted()).toEqual(['node1', 'node2']);
  });

  it.each([
    [
      'driver name',
      { driverName: 'syncthing.csi.davepedu.com' },
      'driverName syncthing.csi.davepedu.com is taken',
    ],
    ['directory', { hostDataDir: HOST_DATA_DIR }, `hostDataDir ${HOST_DATA_DIR} is taken`],
    ['namespace', {}, `namespace ${DRIVER_NAMESPACE} is taken`],
  ] as const)('a third with the %s of the first is refused', async (what, given, complaint) => {
    const namespace = what === 'namespace' ? DRIVER_NAMESPACE : 'syncthing-csi-third';
    const set = {
      driverName: 'third.example.org',
      nameSuffix: 'third',
      hostDataDir: '/var/syncthing-csi-third',
      ...given,
    };
    await expect(deploy(stage.kube, { name: 'third', namespace, set })).rejects.toThrow(complaint);
  });

  it('go alone: the other one works on, and the data of both stays', async () => {
    const { kube } = stage;
    const b = await secondVolume();
    await undeploy(kube, SECOND);
    await makeClaim(stage, 'c');
    await startPod(stage, 'alone', { node: 'node1', claim: 'c' });
    await shell(kube, 'echo of-c > /data/file; sync', inPod(stage, 'alone'));
    await endPod(stage, 'alone');
    await startPod(stage, 'alone', { node: 'node2', claim: 'c' });
    expect(await shell(kube, 'cat /data/file', inPod(stage, 'alone'))).toBe('of-c');
    await endPod(stage, 'alone');
    expect(await copiesIn(DIRECTORY, b.volumeId)).toEqual([...NODES]);
    expect(await listNodes(kube)).toHaveLength(NODES.length);
    await deploy(kube, SECOND);
    await startBoth('again', 'node1');
    expect(await shell(kube, 'cat /a/file /b/file', inPod(stage, 'again'))).toBe('of-a\nof-b');
    await endPod(stage, 'again');
    await remove(kube, claimRef(stage.namespace, 'b'));
    await waitForGone(kube, claimRef(stage.namespace, 'b'));
  });
});
