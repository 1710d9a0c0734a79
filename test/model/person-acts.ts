/** What a person orders about a volume or a node, and what a StorageClass may let silence order (handoff rule 25). */
import { count } from './counts.ts';
import { cutPower, expel } from './faults.ts';
import { podMounts } from './model-node.ts';
import { remove, write } from './pods.ts';
import { step } from './rounds.ts';
import { comes, rounds, type Turn } from './turns.ts';
import { nextNumber, SETTINGS, type World } from './world.ts';

function changeSpec(world: World, given: Partial<NonNullable<World['api']['volume']>['spec']>): void {
  const { volume } = world.api;
  if (volume === undefined) return;
  const resourceVersion = String(nextNumber(world));
  world.api.volume = { ...volume, resourceVersion, spec: { ...volume.spec, ...given } };
}

/** Under a base that nobody holds it may give up the only copy, which is for the person to know (rule 5). */
export function forceDetach(world: World): void {
  const { grant, base } = world.api.volume?.status ?? {};
  if (grant === undefined || base === undefined || base.holders.length === 0) return;
  count(world.counts, 'fault: forceDetach');
  changeSpec(world, { forceDetach: { epoch: grant.epoch } });
}

/** Its node goes, or goes on where nobody hears of it, and no taint says so. */
function goesUnsaid({ world, writer, argument }: Turn): void {
  if (podMounts(writer).length === 0) comes(world, writer, 4);
  step(world, () => write(world, writer, 'a', false));
  rounds(world, 4);
  if (argument % 3 === 0) step(world, () => remove(world, writer, 'a'));
  if (argument % 2 === 0) step(world, () => cutPower(world, writer, argument));
  else step(world, () => write(world, writer, 'b', false));
}

/** A person gives the one volume up, or the node. */
export function givenUp(turn: Turn): void {
  const { world, writer, other, argument } = turn;
  goesUnsaid(turn);
  if (argument % 4 < 2) step(world, () => forceDetach(world));
  else step(world, () => expel(world, writer, true));
  comes(world, other, 6);
  if (podMounts(other).length > 0) step(world, () => write(world, other, 'b', false));
  rounds(world, 2);
  if (argument % 5 > 0) step(world, () => expel(world, writer, false));
}

/** Silence alone does, where the StorageClass says so. */
export function silentForGood(turn: Turn): void {
  const { world, other, argument } = turn;
  changeSpec(world, { failover: 'automatic' });
  goesUnsaid({ ...turn, argument: argument * 2 });
  world.now += SETTINGS.failoverAfterMs;
  rounds(world, 2);
  comes(world, other, 6);
  count(world.counts, 'fault: silent for good');
}
