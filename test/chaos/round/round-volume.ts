/** A volume of a round, with every pod that was ever made for it. */
import { ensure, list, read, remove } from '../../../tools/kube/kube.ts';
import { claimManifest } from '../../../tools/kube/manifests.ts';
import { podRef, claimRef } from '../../../tools/kube/wait-for.ts';
import { volumeOf } from '../../../tools/kube/volumes.ts';
import type { V1PersistentVolumeClaim, V1Pod } from '@kubernetes/client-node';
import { mkdirSync } from 'node:fs';
import { eventually } from '../cluster/eventually.ts';
import { countSessions } from '../cluster/read-sessions.ts';
import { NAMESPACE, podDirectory, type Stage } from '../cluster/stage.ts';
import { type WriterPod, writerPod } from '../cluster/writer-pod.ts';
import type { NodeName } from '../plan/fault-kind.ts';

export interface RoundVolume {
  readonly claim: string;
  /** Of the SyncthingVolume. */
  readonly name: string;
  readonly volumeId: string;
  /** All that were made for it, the present one last; grows. */
  readonly pods: WriterPod[];
}

export async function createClaim(stage: Stage, claim: string): Promise<void> {
  await eventually(
    async () => {
      await ensure(stage.kube, claimManifest({ namespace: NAMESPACE, name: claim, size: '4Gi' }));
      return true;
    },
    { signal: stage.signal, timeoutMs: 120_000, what: `claim ${claim} to be accepted` },
  );
}

/** Waits until the claim is bound, whatever happens meanwhile. */
export async function boundVolume(stage: Stage, claim: string): Promise<RoundVolume> {
  const found = await eventually(
    async () => {
      const pvc = await read<V1PersistentVolumeClaim>(stage.kube, claimRef(NAMESPACE, claim));
      const bound = pvc?.status?.phase === 'Bound' ? pvc.spec?.volumeName : undefined;
      return bound === undefined ? undefined : await volumeOf(stage.kube, bound);
    },
    { signal: stage.signal, timeoutMs: 240_000, what: `claim ${claim} to be bound` },
  );
  return { claim, name: found.name, volumeId: found.volumeId, pods: [] };
}

export function currentPod(volume: RoundVolume): WriterPod | undefined {
  return volume.pods.at(-1);
}

async function createPod(stage: Stage, pod: WriterPod): Promise<void> {
  mkdirSync(podDirectory(stage, pod.name), { recursive: true });
  await eventually(
    async () => {
      await ensure(stage.kube, writerPod(stage, pod));
      return true;
    },
    { signal: stage.signal, timeoutMs: 120_000, what: `pod ${pod.name} to be accepted` },
  );
}

export interface NextPod {
  readonly node: NodeName;
  readonly quiet: boolean;
}

/** Makes the next pod of the volume. It is among `pods` before the API knows it. */
export async function addPod(stage: Stage, volume: RoundVolume, next: NextPod): Promise<WriterPod> {
  const name = `${volume.claim}s${volume.pods.length}`;
  const pod = { name, claim: volume.claim, ...next };
  volume.pods.push(pod);
  await createPod(stage, pod);
  return pod;
}

async function isFinished(stage: Stage, pod: WriterPod): Promise<boolean> {
  const found = await read<V1Pod>(stage.kube, podRef(NAMESPACE, pod.name));
  return found === undefined || found.status?.phase === 'Failed' || found.status?.phase === 'Succeeded';
}

/**
 * True once the volume's latest pod has read its tree. One that Kubernetes gave up (its node lost its power while it
 * started) gets a successor on the same node.
 */
export async function hasSession(stage: Stage, volume: RoundVolume): Promise<boolean> {
  const pod = currentPod(volume);
  if (pod === undefined) return false;
  if (countSessions(stage, pod.name) > 0) return true;
  if (await isFinished(stage, pod)) {
    await remove(stage.kube, podRef(NAMESPACE, pod.name), 0);
    await addPod(stage, volume, { node: pod.node, quiet: pod.quiet });
  }
  return false;
}

/** The volume's pods that the API knows. */
async function podsOf(stage: Stage, volume: RoundVolume): Promise<readonly string[]> {
  const pods = await list<V1Pod>(stage.kube, 'v1', 'Pod', NAMESPACE);
  const names = pods.map((pod) => pod.metadata?.name ?? '');
  return names.filter((name) => name.startsWith(`${volume.claim}s`));
}

/** Asks for the end of every pod of the volume, and waits until they are gone. */
export async function endPods(stage: Stage, volume: RoundVolume, timeoutMs: number): Promise<void> {
  const asked = new Set<string>();
  const ask = async () => {
    const names = await podsOf(stage, volume);
    for (const name of names) {
      if (!asked.has(name)) await remove(stage.kube, podRef(NAMESPACE, name));
      asked.add(name);
    }
    return names.length === 0 ? true : undefined;
  };
  const node = currentPod(volume)?.node ?? 'no node';
  const what = `the pod of ${volume.claim} on ${node} to end`;
  await eventually(ask, { signal: stage.signal, timeoutMs, what });
}
