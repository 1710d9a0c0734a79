/** After a failover: what keeps its source from taking back files, before which nobody is granted the volume (rule 28). */
import type { Holder } from '../desired/volume.ts';
import { isTakingBack, uncleanReason } from './copy.ts';
import { isAlive, isExpelled, isStoreGone, type VolumeView } from './view.ts';

export interface SourceTrouble {
  readonly node: string;
  /** For people, after the node's name where the source is lost. */
  readonly reason: string;
  /** Nothing on its way will change it: there is no grant that could be given up, and the base names nobody else. */
  readonly isLost: boolean;
}

function lossOfSource(view: VolumeView, source: Holder): string | undefined {
  if (isExpelled(view, source.node)) return 'is expelled';
  if (isStoreGone(view, source)) return 'has another disk now';
  if (!isAlive(view, source.node)) return 'does not answer';
  const status = view.replicas.get(source.node)?.status;
  const isThere = status?.storeId === source.storeId && !status.removed;
  return isThere ? undefined : 'has no copy of it any more';
}

export function sourceTrouble(view: VolumeView): SourceTrouble | undefined {
  const { base, grant } = view.volume.status;
  const [source] = base.holders;
  if (!isTakingBack(base) || grant !== undefined || source === undefined) return undefined;
  const { node } = source;
  const loss = lossOfSource(view, source);
  if (loss !== undefined) return { node, reason: loss, isLost: true };
  const status = view.replicas.get(node)?.status;
  const reason = status?.message ?? uncleanReason(status?.folder);
  return reason === undefined ? undefined : { node, reason, isLost: false };
}
