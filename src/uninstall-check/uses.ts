/** Who would lose his volume's driver by an uninstallation, for the person who began it. */
import type { SyncthingVolume } from '../desired/volume.ts';

/** One line a volume that is written or read, or whose writes are not proven yet. */
export function usesOf(volumes: readonly SyncthingVolume[]): readonly string[] {
  return volumes.flatMap((volume) => {
    const { grant, readers } = volume.status;
    const nodes = grant === undefined ? readers.map(({ node }) => node) : [grant.node];
    if (nodes.length === 0) return [];
    const how = grant === undefined ? 'is read on' : 'is written, or still being replicated, on';
    return [`${nameOf(volume)} ${how} ${nodes.join(', ')}`];
  });
}

function nameOf({ name, spec: { claim } }: SyncthingVolume): string {
  return claim === undefined ? name : `${claim.namespace}/${claim.name} (${name})`;
}

/** What is printed, and whether the uninstallation may go on. */
export function judgeUninstall(volumes: readonly SyncthingVolume[]): {
  readonly isFree: boolean;
  readonly text: string;
} {
  const uses = usesOf(volumes);
  if (uses.length === 0) {
    const kept =
      volumes.length === 0 ? 'there are no volumes' : `${volumes.length} volume(s) stay on the disks`;
    return { isFree: true, text: `no volume is in use; ${kept}` };
  }
  const remedy =
    'End the pods that use them first. Without the driver nothing of these volumes is replicated, and their pods cannot ' +
    'end; to uninstall all the same: helm uninstall --no-hooks';
  return { isFree: false, text: [`${uses.length} volume(s) in use:`, ...uses, remedy].join('\n') };
}
