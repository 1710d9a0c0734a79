/** When faults end and everybody is back: all can write together, end, and all copies become one (handoff rule 37). */
import { count } from './counts.ts';
import { copies, isOne, clearPods, endDeleted, isOver, readyReason, until } from './ending.ts';
import { heal } from './faults.ts';
import { startPod, write } from './pods.ts';
import { step } from './rounds.ts';
import { publishShared } from './sharing.ts';
import { allIsThere } from './sharing-ledger.ts';
import { violation } from './violation.ts';
import type { World } from './world.ts';

function isQuiet(world: World): boolean {
  const { writers = [] } = world.api.volume?.status ?? {};
  return writers.length === 0 && isOne(world);
}

/** The disks that had it are in nobody's node any more: the volume says which, and waits for a person. */
function isGivenUp({ api, nodes }: World): boolean {
  const holders = api.volume?.status.base.holders ?? [];
  return (
    holders.length > 0 && holders.every(({ storeId }) => nodes.every(({ disk }) => disk.storeId !== storeId))
  );
}

export function finishShared(world: World): void {
  heal(world);
  for (const node of world.nodes) clearPods(world, node);
  if (isOver(world)) {
    endDeleted(world);
    return;
  }
  if (isGivenUp(world)) return;
  const haveIt = until(world, () => {
    for (const node of world.nodes) {
      startPod(world, node, 'end');
      step(world, () => publishShared(world, node, 'end', 'none'));
    }
    return world.nodes.every((node) => node.pods.get('end')?.phase === 'running');
  });
  if (!haveIt) throw violation('progress', `not all can write: ${readyReason(world)}`);
  count(world.counts, 'sharing: on every node');
  for (const node of world.nodes) step(world, () => write(world, node, 'a', false));
  for (const node of world.nodes) clearPods(world, node);
  if (!until(world, () => isQuiet(world))) throw violation('all copies become one', copies(world));
  allIsThere(world);
}
