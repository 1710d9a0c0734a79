/** What a copy had when it was ordered to rejoin another lineage: it stays on that disk for a person (handoff rule 30). */
import type { Disk, Tree } from './disk.ts';
import { contentsOf } from './ledger.ts';
import { violation } from './violation.ts';
import type { World } from './world.ts';

/** In the trash it is where an order took the whole copy, and then for a time. */
function contentsOn({ tree, archives, trash }: Disk): ReadonlySet<number> {
  const trees: readonly (Tree | undefined)[] = [tree, ...archives.values(), ...trash];
  return new Set(trees.flatMap((each) => [...contentsOf(each).values()]));
}

/** A further rejoin owes what the one before it does. */
export function noteRejoin({ ledger }: World, { storeId, tree }: Disk): void {
  const before = ledger.leftBehind.get(storeId) ?? [];
  ledger.leftBehind.set(storeId, new Set([...before, ...contentsOf(tree).values()]));
}

function keepOwed({ ledger }: World, { storeId }: Disk, isOwed: (content: number) => boolean): void {
  const owed = ledger.leftBehind.get(storeId);
  if (owed !== undefined) ledger.leftBehind.set(storeId, new Set([...owed].filter(isOwed)));
}

/** What is there as well in the lineage it has joined is the volume's again, which may change it. */
export function noteRejoined(world: World, disk: Disk): void {
  const joined = new Set(contentsOf(disk.tree).values());
  keepOwed(world, disk, (content) => !joined.has(content));
}

/** What a power cut or a hand took from the disk is not owed any more. */
export function forgiveTaken(world: World, disk: Disk): void {
  const left = contentsOn(disk);
  keepOwed(world, disk, (content) => left.has(content));
}

export function nothingIsLeftBehind({ ledger, nodes }: World): void {
  for (const { name, disk } of nodes) {
    const owed = ledger.leftBehind.get(disk.storeId);
    if (owed === undefined || owed.size === 0) continue;
    const there = contentsOn(disk);
    const gone = [...owed].filter((content) => !there.has(content));
    if (gone.length > 0)
      throw violation('what a lost lineage had is in its archive', `${name}: ${gone.join(', ')}`);
  }
}
