/** What goes wrong between two daemons although both work. */
import { count } from './counts.ts';
import type { ModelNode } from './model-node.ts';
import type { World } from './world.ts';

/** An entry of one index never came, and the sequence that comes with it did (Syncthing #7134). */
export function loseIndexEntry(world: World, from: ModelNode, to: ModelNode, pick: number): void {
  const { database } = to.disk;
  const known = database?.remote.get(from.disk.deviceId);
  const names = [...(known?.entries.keys() ?? [])];
  const name = names[pick % Math.max(1, names.length)];
  if (database === undefined || known === undefined || name === undefined) return;
  count(world.counts, 'fault: index entry lost');
  const entries = new Map(known.entries);
  entries.delete(name);
  const remote = new Map(database.remote).set(from.disk.deviceId, { ...known, entries });
  to.disk.database = { ...database, remote };
}
