import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitrarySyncthing, arbitraryView, arbitraryVolumes } from '../../test/builders/arbitrary-view.ts';
import { diskState, folderId, nodeView, replicaOrder, STORE } from '../../test/builders/node-view.ts';
import type { NodeView } from '../desired/node-view.ts';
import type { OnDelete } from '../desired/volume.ts';
import type { DiskPhase } from '../handoff/disk-state.ts';
import {
  planDeleter,
  refusedRemovals,
  removalFacts,
  type DeleterAction,
  type ObservedStore,
} from './plan.ts';
import { trashedAt, trashName } from './trash-name.ts';

const A = folderId(0);
const NOW = Date.parse('2026-11-21T10:10:06.123Z');
const HOUR = 3_600_000;
const IN_ARCHIVE = `/data/archive/${A}/deleted-20261121T101006123Z`;
const IN_TRASH = `/data/trash/${A}-20261121T101006123Z`;

function store(given: Partial<ObservedStore> = {}): ObservedStore {
  return { folderIds: [A], volumes: [A], trash: [], now: NOW, ...given };
}

/** As it is while Syncthing gives no answer. */
function unanswered(world: ObservedStore): ObservedStore {
  const { folderIds: _, ...rest } = world;
  return rest;
}

/** Short forms, A for the volume: `discard A out -> PATH`, `park A`, `take-out A`, `purge NAME`. */
function short(action: DeleterAction): string {
  if (action.kind === 'purge') return `purge ${action.path}`;
  if (action.kind === 'take-out' || action.kind === 'park') return `${action.kind} ${action.folderId}`;
  return ['discard', action.takeOut ? 'out' : 'in', action.move?.to ?? 'nothing'].join(' ');
}

function applied(world: ObservedStore, actions: readonly DeleterAction[]): ObservedStore {
  return actions.reduce((before, action) => {
    if (action.kind === 'purge')
      return { ...before, trash: before.trash.filter((name) => !action.path.endsWith(name)) };
    if (action.kind === 'park')
      return { ...before, pausedIds: [...(before.pausedIds ?? []), action.folderId] };
    const folderIds = before.folderIds?.filter(
      (id) => id !== action.folderId || (action.kind === 'discard' && !action.takeOut),
    );
    const isMoved = action.kind === 'discard' && action.move !== undefined;
    const moved = isMoved ? action.move.to.split('/trash/')[1] : undefined;
    return {
      ...before,
      ...(folderIds && { folderIds }),
      volumes: isMoved ? before.volumes.filter((name) => name !== action.folderId) : before.volumes,
      trash: moved === undefined ? before.trash : [...before.trash, moved],
    };
  }, world);
}

function removing(
  removal: 'leave' | 'delete' | 'archive',
  phase: DiskPhase = { kind: 'replica' },
): Partial<NodeView> {
  return {
    replicas: [replicaOrder(A, { removal, removalConfirmed: true })],
    states: { [A]: diskState(A, phase) },
  };
}

function buried(storeId: string, onDelete?: OnDelete): Partial<NodeView> {
  const tombstones = [{ folderId: A, storeId, ...(onDelete && { onDelete }) }];
  return { confirmedTombstones: tombstones, order: { fenced: [], devices: [], tombstones } };
}

const writer: DiskPhase = { kind: 'writer', epoch: 1, session: 1 };
const nobody = { removed: [], tombstonesDone: [], orphans: [] };
const removed = { ...nobody, removed: [replicaOrder(A).name] };

interface Row {
  readonly name: string;
  readonly view: Partial<NodeView>;
  readonly store?: ObservedStore;
  readonly plan: readonly string[];
  readonly refused?: number;
  readonly facts?: ReturnType<typeof removalFacts>;
}

const rows: readonly Row[] = [
  {
    name: 'delete: out of Syncthing, then to the trash',
    view: removing('delete'),
    plan: [`discard out ${IN_TRASH}`],
    facts: nobody,
  },
  { name: 'leave: the same', view: removing('leave'), plan: [`discard out ${IN_TRASH}`] },
  {
    name: 'archive',
    view: removing('archive'),
    plan: [`discard out ${IN_ARCHIVE}`],
  },
  {
    name: 'out of Syncthing already',
    view: removing('delete'),
    store: store({ folderIds: [] }),
    plan: [`discard in ${IN_TRASH}`],
  },
  {
    name: 'bytes gone already',
    view: removing('delete'),
    store: store({ volumes: [] }),
    plan: ['discard out nothing'],
    facts: nobody,
  },
  {
    name: 'all gone already',
    view: removing('delete'),
    store: store({ folderIds: [], volumes: [] }),
    plan: [],
    facts: removed,
  },
  { name: 'not while it is mounted', view: { ...removing('delete'), mounted: [A] }, plan: [], refused: 1 },
  {
    name: 'not without a live look at the order',
    view: { ...removing('delete'), replicas: [replicaOrder(A, { removal: 'delete' })] },
    plan: [],
    facts: nobody,
  },
  {
    name: 'not while Syncthing gives no answer',
    view: removing('delete'),
    store: unanswered(store({ volumes: [] })),
    plan: [],
    facts: nobody,
  },
  {
    name: 'a deleted volume goes whatever was not released',
    view: removing('delete', writer),
    plan: [`discard out ${IN_TRASH}`],
  },
  {
    name: 'nor a copy that saw a later epoch than who ordered it',
    view: {
      ...removing('leave'),
      states: { [A]: { ...diskState(A, { kind: 'replica' }), highestEpoch: 9 } },
    },
    plan: [],
    refused: 1,
  },
  {
    name: 'nor one that saw a later base',
    view: {
      ...removing('leave'),
      states: { [A]: { ...diskState(A, { kind: 'replica' }), highestBase: 9 } },
    },
    plan: [],
    refused: 1,
  },
  { name: 'a writer does not leave', view: removing('leave', writer), plan: [], refused: 1 },
  {
    name: 'nor who writes beside others',
    view: {
      ...removing('leave'),
      states: {
        [A]: {
          ...diskState(A, { kind: 'replica' }),
          writing: { since: '2026-01-02T03:04:05.000Z', session: 1, phase: 'writing' },
        },
      },
    },
    plan: [],
    refused: 1,
  },
  {
    name: 'nor a stale copy before its archive',
    view: removing('leave', { kind: 'rejoining', epoch: 2, step: 'archiving', archive: '/a' }),
    plan: [],
    refused: 1,
  },
  {
    name: 'an id that would lead elsewhere',
    view: { replicas: [replicaOrder('../syncthing', { removal: 'delete', removalConfirmed: true })] },
    store: store({ volumes: ['../syncthing'], folderIds: [] }),
    plan: [],
    refused: 1,
  },
  { name: 'a tombstone', view: buried(STORE), plan: [`discard out ${IN_TRASH}`], facts: nobody },
  { name: 'one that says so', view: buried(STORE, 'delete'), plan: [`discard out ${IN_TRASH}`] },
  {
    name: 'one of a volume whose files are kept',
    view: buried(STORE, 'archive'),
    plan: [`discard out ${IN_ARCHIVE}`],
    facts: nobody,
  },
  {
    name: 'a tombstone that is carried out',
    view: buried(STORE),
    store: store({ folderIds: [], volumes: [] }),
    plan: [],
    facts: { ...nobody, tombstonesDone: [A] },
  },
  {
    name: 'a tombstone of another disk is done, whatever lies here',
    view: buried('store-2'),
    plan: [],
    facts: { ...nobody, tombstonesDone: [A] },
  },
  {
    name: 'a tombstone of what is mounted waits',
    view: { ...buried(STORE), mounted: [A] },
    plan: [],
    refused: 1,
    facts: nobody,
  },
  {
    name: 'an order goes before a tombstone',
    view: { ...buried(STORE), replicas: [replicaOrder(A)], states: { [A]: diskState(A) } },
    plan: [],
    facts: nobody,
  },
  {
    name: 'an orphan is paused and keeps its bytes',
    view: { states: { [A]: diskState(A) } },
    plan: [`park ${A}`],
    facts: { ...nobody, orphans: [A] },
  },
  {
    name: 'once',
    view: { states: { [A]: diskState(A) } },
    store: store({ pausedIds: [A] }),
    plan: [],
    facts: { ...nobody, orphans: [A] },
  },
  {
    name: 'nor one whose order is there and cannot be read',
    view: { states: { [A]: diskState(A) }, unreadable: [replicaOrder(A).name] },
    plan: [],
    facts: nobody,
  },
  { name: 'not one that writes', view: { states: { [A]: diskState(A, writer) } }, plan: [] },
  {
    name: 'nor one that is about to',
    view: { states: { [A]: diskState(A, { kind: 'taking', epoch: 1 }) } },
    plan: [],
  },
  { name: 'not one that is mounted', view: { states: { [A]: diskState(A) }, mounted: [A] }, plan: [] },
  { name: 'not one of which nothing is known', view: {}, plan: [] },
  {
    name: 'one that has no directory goes out of Syncthing',
    view: {},
    store: store({ volumes: [] }),
    plan: [`take-out ${A}`],
  },
  {
    name: 'old trash goes, new trash and what is none of ours stays',
    view: { trashGraceMs: HOUR },
    store: store({
      folderIds: [],
      volumes: [],
      trash: [
        trashName(A, NOW - HOUR),
        trashName(A, NOW - HOUR + 1),
        'precious',
        `${A}-yesterday`,
        `../${trashName(A, 0)}`,
      ],
    }),
    plan: [`purge /data/trash/${A}-20261121T091006123Z`],
  },
  {
    name: 'also without Syncthing',
    view: {},
    store: unanswered(store({ trash: [trashName(A, 0)] })),
    plan: [`purge /data/trash/${trashName(A, 0)}`],
  },
];

test.each(rows)('$name', ({ view: given, store: world = store(), plan, refused = 0, facts }) => {
  const view = nodeView(given);
  expect(planDeleter(view, world).map(short)).toEqual(plan);
  expect(refusedRemovals(view, world)).toHaveLength(refused);
  if (facts !== undefined) expect(removalFacts(view, world)).toEqual(facts);
});

test('without the order of the controller nothing is an orphan', () => {
  const { order: _, ...view } = nodeView({ states: { [A]: diskState(A) } });
  expect(planDeleter(view, store())).toEqual([]);
  expect(removalFacts(view, store())).toEqual(nobody);
});

test('property: a name in the trash tells when it came there', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e12 }), (now) => {
      expect(trashedAt(trashName(A, now))).toBe(now);
    }),
  );
});

const arbitraryStore = fc
  .tuple(arbitrarySyncthing, arbitraryVolumes, fc.boolean())
  .map(([{ folders }, volumes, answers]) => {
    const world = { folderIds: folders.map(({ id }) => id), volumes, trash: [trashName(A, 0)], now: NOW };
    return answers ? world : unanswered(world);
  });

test('property: planning on the result of the plan gives nothing', () => {
  fc.assert(
    fc.property(arbitraryView, arbitraryStore, (view, world) => {
      const after = applied(world, planDeleter(view, world));
      expect(planDeleter(view, after)).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('property: bytes move only by a confirmed order or a tombstone of this disk, unmounted, to the trash or the archive', () => {
  fc.assert(
    fc.property(arbitraryView, arbitraryStore, (view, world) => {
      for (const action of planDeleter(view, world)) {
        if (action.kind !== 'discard') continue;
        const order = view.replicas.find(({ spec }) => spec.folderId === action.folderId);
        const isOrdered = order !== undefined && order.spec.removal !== undefined && order.removalConfirmed;
        const isBuried = view.confirmedTombstones.some(
          (each) => each.folderId === action.folderId && each.storeId === STORE,
        );
        expect(order === undefined ? isBuried : isOrdered).toBe(true);
        expect(view.mounted).not.toContain(action.folderId);
        if (action.move === undefined) continue;
        expect(action.move.from).toBe(`/data/volumes/${action.folderId}`);
        expect(action.move.to).toMatch(/^\/data\/(trash|archive)\/v-/);
      }
    }),
    { numRuns: 500 },
  );
});

test('property: an empty list of replicas moves no byte', () => {
  fc.assert(
    fc.property(arbitraryView, arbitraryStore, (view, world) => {
      const plan = planDeleter({ ...view, replicas: [], confirmedTombstones: [] }, world);
      expect(applied(world, plan).volumes).toEqual(world.volumes);
    }),
  );
});
