/** A volume that begins with a directory of one node: that node writes it first, without a pod (handoff rule 35). */
import type { SyncthingNode, Wanted } from '../desired/node.ts';
import { isExpelled, type VolumeView } from './view.ts';

/** The node that is to take in its directory, as long as the volume has no base; nobody else gets it before. */
export function importerOf({ volume }: Pick<VolumeView, 'volume'>): string | undefined {
  const { spec, status } = volume;
  if (isSharedImport({ volume })) return undefined;
  return status.base.kind === 'empty' && spec.deletion === undefined ? spec.source?.node : undefined;
}

/**
 * A first session that others wait for is what a volume that nobody has alone does not know (rule 37): nobody is given
 * one that asks for both, or its first pod would begin with an empty directory. The schema refuses it too.
 */
export function isSharedImport({ volume: { spec } }: Pick<VolumeView, 'volume'>): boolean {
  return spec.access === 'eventual' && spec.source !== undefined;
}

/** For people: why nobody is given it. */
export const SHARED_IMPORT =
  'a volume with access "eventual" takes in no directory: import one with access "exclusive", or copy its files from a pod';

/** Before any other: nobody can be served until it is done. */
const FIRST = '1970-01-01T00:00:00.000Z';

export interface ImportRequest {
  readonly node: SyncthingNode;
  readonly wanted: Wanted;
}

/** The request that no kubelet makes: of the importing node, for the base that there is. */
export function importRequest(view: VolumeView): ImportRequest | undefined {
  const importer = importerOf(view);
  const node = importer === undefined ? undefined : view.nodes.get(importer);
  if (node === undefined || isExpelled(view, node.name)) return undefined;
  const { name, volumeId, status } = view.volume;
  const { epoch, session } = status.base;
  return { node, wanted: { volume: name, volumeId, since: FIRST, base: { epoch, session } } };
}

/** Why somebody else has to wait. */
export function importObstacle(view: VolumeView, node: string): string | undefined {
  const importer = importerOf(view);
  if (importer === undefined || importer === node) return undefined;
  return `${importer} takes in the directory "${view.volume.spec.source?.directory}" first`;
}
