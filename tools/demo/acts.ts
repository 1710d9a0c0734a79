/** The acts of the demo. Each looks at the cluster and returns what it saw on top of what was seen before. */
import { waitUntil } from '../host/wait-until.ts';
import { clusterPaths } from '../cluster/cluster-paths.ts';
import { runInside, runningMachine } from '../cluster/machine.ts';
import { ensure, kubectl, remove, type Kube } from '../kube/kube.ts';
import { claimManifest, MOUNT_PATH, namespaceManifest } from '../kube/manifests.ts';
import { checksumsIn, writeTree } from '../kube/tree.ts';
import { claimRef, waitForBound, waitForGone } from '../kube/wait-for.ts';
import { listReplicas, STORAGE_LABEL, volumeOf } from '../kube/volumes.ts';
import type { SyncthingVolume } from '../../src/desired/volume.ts';
import { acknowledgedFiles, parseWriterLog, writerScript } from './acknowledged.ts';
import type { Observations } from './observations.ts';
import { CLAIM, moveTo, NAMESPACE, POD, waitForNewPod, workload } from './stage.ts';
import { copiesOf } from './table.ts';

export interface Demo {
  readonly kube: Kube;
  readonly say: (line: string) => void;
  readonly show: (copies: ReturnType<typeof copiesOf>) => void;
  readonly cutPower: (node: string) => Promise<void>;
  readonly startNode: (node: string) => Promise<void>;
}

const POD_OPTIONS = { namespace: NAMESPACE, pod: POD };
const TREE = { files: 300, directories: 12, bytes: 200 * 1024 * 1024 };
const DATA_NODES = ['node1', 'node2'] as const;
const CLIENT_NODE = 'node3';
const TAINT = 'node.kubernetes.io/out-of-service=nodeshutdown:NoExecute';

async function theVolume(kube: Kube): Promise<SyncthingVolume> {
  const name = await waitForBound(kube, NAMESPACE, CLAIM);
  const volume = await volumeOf(kube, name);
  if (volume === undefined)
    throw new Error(`no SyncthingVolume has the handle of PersistentVolume ${name}: kubectl get stvol -A`);
  return volume;
}

/** Shows the copies until `accept` is content with them. */
async function watchCopies(
  demo: Demo,
  what: string,
  accept: (volume: SyncthingVolume, copies: ReturnType<typeof copiesOf>) => boolean,
): Promise<ReturnType<typeof copiesOf>> {
  const ask = async () => {
    const volume = await theVolume(demo.kube);
    const copies = copiesOf(await listReplicas(demo.kube, volume.name));
    demo.show(copies);
    return accept(volume, copies) ? copies : undefined;
  };
  return await waitUntil(ask, { signal: demo.kube.signal, timeoutMs: 240_000, everyMs: 300, what });
}

/** Takes away what an earlier run left, so that the demo can be run again. */
export async function clearStage(demo: Demo): Promise<void> {
  const { kube } = demo;
  const ref = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  await remove(kube, ref);
  await waitForGone(kube, claimRef(NAMESPACE, CLAIM));
  await waitForGone(kube, ref);
  for (const node of DATA_NODES) await kubectl(kube, ['taint', 'node', node, `${TAINT}-`]).catch(() => '');
}

export async function writeOnClient(demo: Demo, seen: Observations): Promise<Observations> {
  const { kube, say } = demo;
  for (const node of DATA_NODES)
    await kubectl(kube, ['label', 'node', node, `${STORAGE_LABEL}=yes`, '--overwrite']);
  await kubectl(kube, ['label', 'node', CLIENT_NODE, `${STORAGE_LABEL}-`]);
  say(`${DATA_NODES.join(' and ')} are data nodes; a claim, and a pod on ${CLIENT_NODE}, which is none`);
  await ensure(kube, namespaceManifest(NAMESPACE));
  await ensure(kube, claimManifest({ namespace: NAMESPACE, name: CLAIM }));
  await ensure(kube, workload([CLIENT_NODE]));
  const pod = await waitForNewPod(kube, 'first pod', seen.pods, 180_000);
  say(`the pod writes ${TREE.files} files, ${TREE.bytes >> 20} MiB, on ${pod.node}`);
  await writeTree(kube, TREE, POD_OPTIONS);
  return { ...seen, pods: [...seen.pods, pod] };
}

export async function showCopies(demo: Demo, seen: Observations): Promise<Observations> {
  demo.say('its copies:');
  const written = new Date().toISOString();
  const copies = await watchCopies(demo, 'both copies in sync', (volume, found) => {
    const through = volume.status.replicatedThrough ?? '';
    const isProven =
      volume.status.proven?.holders.filter((holder) => holder.node !== CLIENT_NODE).length === 2;
    return isProven && through > written && found.every((copy) => copy.inSync);
  });
  return { ...seen, copies };
}

export async function moveOnPurpose(demo: Demo, seen: Observations): Promise<Observations> {
  const { kube, say } = demo;
  const expected = await checksumsIn(kube, POD_OPTIONS);
  say(`the pod moves to ${DATA_NODES[0]}`);
  await moveTo(kube, DATA_NODES, writerScript(`${MOUNT_PATH}/log`));
  const pod = await waitForNewPod(kube, 'moved pod', seen.pods, 180_000);
  const found = await checksumsIn(kube, POD_OPTIONS);
  const check = { label: 'after the move', node: pod.node, expected, found };
  return { ...seen, pods: [...seen.pods, pod], checks: [...seen.checks, check] };
}

/** The pod writes one file after another; when some of them are proven to be elsewhere, its node loses its power. */
export async function cutThePower(demo: Demo, seen: Observations): Promise<Observations> {
  const { kube, say } = demo;
  const pod = seen.pods.at(-1);
  const before = seen.checks.at(-1);
  if (pod === undefined || before === undefined) throw new Error('the pod has to be moved first');
  say(`the pod on ${pod.node} writes file after file`);
  const log = async () => parseWriterLog(await kubectl(kube, ['-n', NAMESPACE, 'logs', POD]));
  let written = await log();
  const ask = async () => {
    const volume = await theVolume(kube);
    written = await log();
    const known = Object.keys(acknowledgedFiles(written, volume.status.replicatedThrough ?? '')).length;
    return known >= 5 && written.length > known ? true : undefined;
  };
  await waitUntil(ask, {
    signal: kube.signal,
    timeoutMs: 120_000,
    everyMs: 200,
    what: 'some of these files on another node',
  });
  say(`the power of ${pod.node} is cut`);
  const at = new Date().toISOString();
  await demo.cutPower(pod.node);
  say(
    `nobody hears from ${pod.node}; an operator says that it is gone: kubectl taint node ${pod.node} ${TAINT}`,
  );
  await kubectl(kube, ['taint', 'node', pod.node, TAINT]);
  const next = await waitForNewPod(kube, 'pod after the power cut', seen.pods, 300_000);
  const volume = await theVolume(kube);
  const through = volume.status.replicatedThrough ?? '';
  const acknowledged = acknowledgedFiles(written, through);
  const expected = { ...before.expected, ...acknowledged };
  const check = {
    label: 'after the power cut',
    node: next.node,
    expected,
    found: await checksumsIn(kube, POD_OPTIONS),
  };
  const powerCut = {
    node: pod.node,
    at,
    replicatedThrough: through,
    written: written.length,
    acknowledged: Object.keys(acknowledged).length,
  };
  return { ...seen, pods: [...seen.pods, next], checks: [...seen.checks, check], powerCut };
}

export async function bringBack(demo: Demo, seen: Observations): Promise<Observations> {
  const { kube, say } = demo;
  const node = seen.powerCut?.node ?? '';
  say(`${node} gets its power back`);
  await demo.startNode(node);
  await kubectl(kube, ['taint', 'node', node, `${TAINT}-`]);
  await watchCopies(demo, `${node} to catch up`, (volume, copies) => {
    const isBack =
      volume.status.stale.length === 0 &&
      volume.status.proven?.holders.some((holder) => holder.node === node);
    return isBack === true && copies.some((copy) => copy.node === node && copy.inSync);
  });
  const caughtUpAt = new Date().toISOString();
  const volume = await theVolume(kube);
  const replica = (await listReplicas(kube, volume.name)).find((copy) => copy.spec.node === node);
  const archive = replica?.status?.rejoin?.archive ?? '';
  if (archive === '')
    throw new Error(`${node} reports no archive: kubectl -n syncthing-csi get strep -o yaml`);
  const machine = runningMachine(clusterPaths(kube.paths.checkout), node);
  const listed = await runInside(machine, ['find', archive, '-type', 'f'], kube.signal);
  const archivedFiles = listed.split('\n').filter((line) => line !== '');
  return { ...seen, comeback: { node, caughtUpAt, archive, archivedFiles } };
}
