/** The live look before a grant: a pod of that node, not finished, uses the claim (handoff rule 2). */
import type { SyncthingVolume } from '../desired/volume.ts';
import type { KubernetesClient } from '../kubernetes/client.ts';
import type { PersistentVolume, Pod } from '../kubernetes/cluster-objects.ts';
import { ifThere } from '../kubernetes/errors.ts';
import { PERSISTENT_VOLUMES, PODS } from '../kubernetes/resource-kind.ts';

export interface PodLookup {
  readonly client: KubernetesClient;
  readonly driverName: string;
  readonly volume: SyncthingVolume;
  /** Who is to get the grant. */
  readonly node: string;
  readonly signal: AbortSignal;
}

interface Claim {
  readonly namespace: string;
  readonly name: string;
}

/** What a PersistentVolume's name can be; a request of another driver's test may have any text for a name. */
const OBJECT_NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;

function isOf(persistentVolume: PersistentVolume, { driverName, volume }: PodLookup): boolean {
  const { csi } = persistentVolume;
  return csi?.driver === driverName && csi.volumeHandle === volume.volumeId;
}

async function byRequestName(lookup: PodLookup): Promise<PersistentVolume | undefined> {
  const { client, volume, signal } = lookup;
  if (!OBJECT_NAME.test(volume.spec.requestName)) return undefined;
  const found = await ifThere(client.get(PERSISTENT_VOLUMES, volume.spec.requestName, { signal }));
  return found !== undefined && isOf(found, lookup) ? found : undefined;
}

/** The provisioner names it like the request; one made by hand, or restored, has any name. */
async function findPersistentVolume(lookup: PodLookup): Promise<PersistentVolume | undefined> {
  const found = await byRequestName(lookup);
  if (found !== undefined) return found;
  const { items } = await lookup.client.list(PERSISTENT_VOLUMES, {}, { signal: lookup.signal });
  return items.find((item) => isOf(item, lookup));
}

async function podsOfNode({ client, node, signal }: PodLookup, namespace: string): Promise<readonly Pod[]> {
  const { items } = await client.list(PODS, { fields: { 'spec.nodeName': node } }, { signal, namespace });
  return items;
}

function isUsing(pod: Pod, claim: Claim): boolean {
  return !pod.finished && pod.claims.includes(claim.name);
}

async function hasPod(lookup: PodLookup, claim: Claim, known?: readonly Pod[]): Promise<boolean> {
  const pods = known ?? (await podsOfNode(lookup, claim.namespace));
  return pods.some((pod) => isUsing(pod, claim));
}

/**
 * A further PersistentVolume that a person made of the same volume, to have it read in another namespace or under
 * another access mode. Asked for only where the first one's claim has no pod there.
 */
async function isUsedElsewise(lookup: PodLookup, first: string): Promise<boolean> {
  const { items } = await lookup.client.list(PERSISTENT_VOLUMES, {}, { signal: lookup.signal });
  const others = items.filter((item) => item.name !== first && isOf(item, lookup));
  const used = await Promise.all(
    others.map(async ({ claim }) => claim !== undefined && (await hasPod(lookup, claim))),
  );
  return used.includes(true);
}

/**
 * Why the node may not have the volume now, or undefined. Where no PersistentVolume names the volume, nobody's pod can
 * be asked for: the caller is no kubelet then. The claim that the volume was made for is guessed at while the
 * PersistentVolume is read, to save a round trip on the way to a pod's start.
 */
export async function podObstacle(lookup: PodLookup): Promise<string | undefined> {
  const guessed = lookup.volume.spec.claim;
  const guess = guessed === undefined ? undefined : podsOfNode(lookup, guessed.namespace);
  const [persistentVolume, guessedPods] = await Promise.all([findPersistentVolume(lookup), guess]);
  if (persistentVolume === undefined) return undefined;
  const { claim, name } = persistentVolume;
  const known = claim !== undefined && claim.namespace === guessed?.namespace ? guessedPods : undefined;
  if (claim !== undefined && (await hasPod(lookup, claim, known))) return undefined;
  if (await isUsedElsewise(lookup, name)) return undefined;
  if (claim === undefined) return `PersistentVolume ${name} is not bound to a claim`;
  return `${lookup.node} asks for the volume, but no pod there uses the claim ${claim.namespace}/${claim.name}`;
}
