/** Who would lose his volume's driver by an uninstallation, for the person who began it. */
import type { SyncthingVolume } from '../desired/volume.ts';
import type { ObjectList } from '../kubernetes/client.ts';

/** One line a volume that is written or read, or whose writes are not proven yet. */
export function usesOf(volumes: readonly SyncthingVolume[]): readonly string[] {
  return volumes.flatMap((volume) => {
    const { grant, readers, writers } = volume.status;
    const writing = [...(grant === undefined ? [] : [grant]), ...writers];
    const uses = [
      ...useOf('is written, or still being replicated, on', writing),
      ...useOf('is read on', readers),
    ];
    return uses.length === 0 ? [] : [`${nameOf(volume)} ${uses.join(', and ')}`];
  });
}

function useOf(how: string, users: readonly { readonly node: string }[]): readonly string[] {
  return users.length === 0 ? [] : [`${how} ${users.map(({ node }) => node).join(', ')}`];
}

function nameOf({ name, spec: { claim } }: SyncthingVolume): string {
  return claim === undefined ? name : `${claim.namespace}/${claim.name} (${name})`;
}

/**
 * What is printed, and whether the uninstallation may go on. A volume that cannot be read, of another version for
 * example, may be in use like any other.
 */
export function judgeUninstall({
  items,
  unreadable,
}: Pick<ObjectList<SyncthingVolume>, 'items' | 'unreadable'>): {
  readonly isFree: boolean;
  readonly text: string;
} {
  const uses = usesOf(items);
  if (uses.length + unreadable.length === 0) {
    const kept = items.length === 0 ? 'there are no volumes' : `${items.length} volume(s) stay on the disks`;
    return { isFree: true, text: `no volume is in use; ${kept}` };
  }
  const remedy =
    'End the pods that use them first. Without the driver nothing of these volumes is replicated, and their pods cannot ' +
    'end; to uninstall all the same: helm uninstall --no-hooks. To keep the driver: helm takes the release for half ' +
    'uninstalled now and does not upgrade it, until helm rollback NAME REVISION with the last revision of helm history';
  const parts = [
    ...listed('volume(s) in use:', uses),
    ...listed(
      'volume(s) that may be in use, since they cannot be read:',
      unreadable.map(({ name, problem }) => `${name}: ${problem}`),
    ),
    remedy,
  ];
  return { isFree: false, text: parts.join('\n') };
}

function listed(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`${lines.length} ${title}`, ...lines];
}
