/** Whole runs, as fast-check draws them. */
import fc from 'fast-check';
import { READER_ACTS } from './reader-acts.ts';
import { ACTS, happen, LAST_ACTS, type Happening } from './schedule.ts';
import type { Counts } from './counts.ts';
import { finish, readByAll } from './ending.ts';
import { SHARING_ACTS } from './sharing-acts.ts';
import { finishShared } from './sharing-end.ts';
import { round } from './rounds.ts';
import { newWorld, type World, type WorldOptions } from './world.ts';

export interface Story {
  readonly options: WorldOptions;
  readonly happenings: readonly Happening[];
  readonly last: string;
  readonly after: readonly Happening[];
  /** All nodes read together in the end. */
  readonly hasReaders?: true;
}

const NAMES = ['n1', 'n2', 'n3', 'n4'] as const;
function anyOf(acts: Readonly<Record<string, readonly [number, unknown]>>): fc.Arbitrary<Happening> {
  const kinds = Object.entries(acts).map(([kind, [weight]]) => ({ weight, arbitrary: fc.constant(kind) }));
  return fc.record({ kind: fc.oneof(...kinds), node: fc.nat(3), argument: fc.nat(255) });
}

/** Two data nodes at least; the others are clients, or data nodes too. */
const anyOptions: fc.Arbitrary<WorldOptions> = fc
  .record({
    nodes: fc.constantFrom(2, 3, 3, 4),
    labelled: fc.constantFrom(1, 2, 2, 3, 4),
    replicas: fc.constantFrom(undefined, undefined, 2),
    isSyncthing1: fc.boolean(),
  })
  .map(({ nodes, labelled, replicas, isSyncthing1 }) => ({
    names: NAMES.slice(0, nodes),
    labelled: NAMES.slice(0, Math.min(nodes, labelled)),
    replicas,
    isSyncthing1,
  }));

function anyStoryOf(anyHappening: fc.Arbitrary<Happening>): fc.Arbitrary<Story> {
  return fc.record({
    options: anyOptions,
    happenings: fc.array(anyHappening, { maxLength: 80, size: 'max' }),
    last: fc.constantFrom('none', 'none', 'none', 'none', 'none', 'none', ...Object.keys(LAST_ACTS)),
    after: fc.array(anyHappening, { maxLength: 10 }),
  });
}

export const anyStory: fc.Arbitrary<Story> = anyStoryOf(anyOf(ACTS));

/** Stories of their own, so that those without readers stay as they are. */
export const anyStoryWithReaders: fc.Arbitrary<Story> = anyStoryOf(anyOf({ ...ACTS, ...READER_ACTS })).map(
  (story) => ({ ...story, hasReaders: true }),
);

/** Of a volume that many nodes write at once. */
export const anyStoryOfSharing: fc.Arbitrary<Story> = anyStoryOf(anyOf(SHARING_ACTS)).map((story) => ({
  ...story,
  options: { ...story.options, isShared: true },
  last: story.last === 'DeleteVolume' ? story.last : 'none',
}));

export function tell(
  { options, happenings, last, after, hasReaders }: Story,
  counts: Counts,
  begun: (world: World) => void = () => undefined,
): World {
  const world = newWorld(options, counts);
  begun(world);
  for (let times = 0; times < 3; times += 1) round(world);
  for (const happening of happenings) happen(world, happening);
  happen(world, { kind: last, node: 0, argument: 0 });
  for (const happening of after) happen(world, happening);
  if (options.isShared === true) {
    finishShared(world);
    return world;
  }
  const isUsable = finish(world);
  if (hasReaders === true && isUsable) readByAll(world);
  return world;
}
