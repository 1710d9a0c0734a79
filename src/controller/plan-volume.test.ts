import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyVolumeWorld } from '../../test/builders/arbitrary-volume-view.ts';
import {
  asks,
  at,
  EMPTY_BASE,
  grantTo,
  handoffBase,
  node,
  readerOn,
  replica,
  SILENT,
  STORAGE_LABEL,
  storeOf,
  view,
  volume,
} from '../../test/builders/volume-view.ts';
import type { SyncthingReplica } from '../desired/replica.ts';
import { withStatus } from '../desired/volume-status.ts';
import type { VolumeView } from '../handoff/view.ts';
import {
  grantedStatus,
  isGone,
  isStatusChanged,
  planOrders,
  planStatus,
  type OrderAction,
} from './plan-volume.ts';

const ALL = ['n1', 'n2', 'n3'];

function nodeOf(action: OrderAction): string {
  return action.kind === 'create' ? action.spec.node : action.replica.spec.node;
}

/** What the API server has after the orders were written; nodes have not answered yet. */
function applied(seen: VolumeView, actions: readonly OrderAction[]): VolumeView {
  const replicas = new Map(seen.replicas);
  for (const action of actions) {
    const name = nodeOf(action);
    if (action.kind === 'create')
      replicas.set(name, { ...replica(name, [], { status: null }), spec: action.spec });
    else if (action.kind === 'update') replicas.set(name, updated(action.replica, action.spec));
    else replicas.delete(name);
  }
  return { ...seen, replicas };
}

function updated(before: SyncthingReplica, spec: SyncthingReplica['spec']): SyncthingReplica {
  return { ...before, generation: before.generation + 1, spec };
}

interface Settled {
  readonly view: VolumeView;
  readonly rounds: number;
}

/** Plans on its own results until nothing is left to do. */
function settle(seen: VolumeView, placed: ReadonlySet<string>): Settled {
  let now = seen;
  for (let rounds = 0; rounds < 20; rounds += 1) {
    const { status } = planStatus({ view: now, placed, storageLabel: STORAGE_LABEL });
    const isChanged = isStatusChanged(now, status);
    now = withStatus(now, status);
    const actions = planOrders({ view: now, placed });
    if (!isChanged && actions.length === 0) return { view: now, rounds };
    now = applied(now, actions);
  }
  return { view: now, rounds: 20 };
}

describe('planning', () => {
  test('comes to rest when nobody answers, whatever the view', () => {
    fc.assert(
      fc.property(anyVolumeWorld, ({ view: seen, placed }) => {
        expect(settle(seen, placed).rounds).toBeLessThan(10);
      }),
      { numRuns: 200 },
    );
  });

  test('never lets an epoch fall, forgets a stale disk, or leaves a base without a holder', () => {
    fc.assert(
      fc.property(anyVolumeWorld, ({ view: seen, placed }) => {
        const before = seen.volume.status;
        const { status } = planStatus({ view: seen, placed, storageLabel: STORAGE_LABEL });
        expect(status.epoch).toBeGreaterThanOrEqual(before.epoch);
        expect(status.grant?.epoch ?? 0).toBeLessThanOrEqual(status.epoch);
        expect(status.base.epoch).toBeLessThanOrEqual(status.epoch);
        expect(status.base.kind === 'empty' || status.base.holders.length > 0).toBe(true);
        for (const copy of before.stale) {
          const rejoin = seen.replicas.get(copy.node)?.status?.rejoin;
          const isKept = status.stale.some(
            (each) => each.node === copy.node && each.storeId === copy.storeId,
          );
          expect(isKept || rejoin?.step === 'done').toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('gives to write or to read, never both, and lets no reader leave', () => {
    fc.assert(
      fc.property(anyVolumeWorld, ({ view: seen, placed }) => {
        const input = { view: seen, placed, storageLabel: STORAGE_LABEL };
        const plan = planStatus(input);
        const next =
          plan.propose === undefined ? plan.status : grantedStatus(input, plan.status, plan.propose);
        expect(next.grant === undefined || next.readers.length === 0).toBe(true);
        const isBegun = next.leaving !== undefined && seen.volume.status.leaving === undefined;
        if (isBegun) expect(next.readers.map((reader) => reader.node)).not.toContain(next.leaving?.node);
        for (const action of planOrders({ view: withStatus(seen, next), placed })) {
          const isReader = next.readers.some((reader) => reader.node === nodeOf(action));
          if (isReader && seen.replicas.get(nodeOf(action))?.status === undefined)
            expect(['create', 'update']).toContain(action.kind);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('drops an order only for a copy that is removed, or never was; buries only what is deleted', () => {
    fc.assert(
      fc.property(anyVolumeWorld, ({ view: seen, placed }) => {
        for (const action of planOrders({ view: seen, placed })) {
          const isDeleted = seen.volume.spec.deletion !== undefined;
          if (action.kind === 'bury') expect(isDeleted).toBe(true);
          if (action.kind !== 'drop') continue;
          const { status, spec } = action.replica;
          const isRemoved = status?.removed === true && (isDeleted || spec.removal !== undefined);
          expect(isRemoved || status === undefined).toBe(true);
        }
      }),
      { numRuns: 200 },
    );
  });

  test('gives the right to write to one node, and orders no bytes to go but by deletion or by leaving', () => {
    fc.assert(
      fc.property(anyVolumeWorld, ({ view: seen, placed }) => {
        const { view: after } = settle(seen, placed);
        const { grant, leaving } = after.volume.status;
        for (const copy of after.replicas.values()) {
          const { type, removal, node: name } = copy.spec;
          if (type === 'sendreceive' && after.volume.spec.deletion === undefined)
            expect(grant?.node).toBe(name);
          if (removal === 'leave') expect(leaving?.node).toBe(name);
          if (removal === 'delete') expect(after.volume.spec.deletion).toBeDefined();
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('a grant', () => {
  const base = handoffBase(['n1', 'n2']);
  function asked(given: Parameters<typeof view>[0]['nodes'] = [node('n2', asks(base))]) {
    const replicas = ALL.map((name) => replica(name, ALL, { spec: { base } }));
    return {
      view: view({ volume: volume({ status: { epoch: 1, base } }), replicas, nodes: given }),
      placed: new Set(ALL),
      storageLabel: STORAGE_LABEL,
    };
  }

  test('is proposed, and stands with its conditions when the live look found nothing', () => {
    const plan = planStatus(asked());
    expect(plan.status.grant).toBeUndefined();
    if (plan.propose === undefined) throw new Error('no proposal');
    const status = grantedStatus(asked(), plan.status, plan.propose);
    expect(status).toMatchObject({
      epoch: 2,
      grant: { node: 'n2', epoch: 2 },
      base: { epoch: 1, session: 1 },
    });
    expect(status.conditions.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'True',
      reason: 'Attached',
    });
  });

  test('what the live look found is said', () => {
    const { status } = planStatus({ ...asked(), liveObstacle: 'no pod there' });
    expect(status.conditions.find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      message: 'no pod there',
    });
  });

  test('a node that asks has an order before it reports a copy', () => {
    const { view: seen, placed } = asked([node('n4', asks(base))]);
    const actions = planOrders({ view: seen, placed });
    expect(actions.filter(({ kind }) => kind === 'create').map(nodeOf)).toEqual(['n4']);
  });
});

describe('what is decided together', () => {
  test('a copy that begins to leave is no holder any more, neither of the base nor of the proof', () => {
    const proven = {
      epoch: 2,
      session: 1,
      sequence: 10,
      scanStartedAt: at(-9000),
      holders: ALL.map((name) => ({ node: name, storeId: storeOf(name), sequence: 10 })),
    };
    const status = { epoch: 2, base: handoffBase(ALL), grant: grantTo('n1', 2), proven };
    const replicas = ALL.map((name) => replica(name, ALL));
    const seen = view({ volume: volume({ status }), replicas });
    const plan = planStatus({ view: seen, placed: new Set(['n1', 'n2']), storageLabel: STORAGE_LABEL });
    expect(plan.status.leaving).toEqual({ node: 'n3', storeId: storeOf('n3') });
    expect(plan.status.base.holders.map((each) => each.node)).toEqual(['n1', 'n2']);
    expect(plan.status.proven?.holders.map((each) => each.node)).toEqual(['n1', 'n2']);
  });

  test('deletion ends all reading', () => {
    const seen = view({
      volume: volume({ spec: { deletion: { requestedAt: at(0) } }, status: { readers: [readerOn('n1')] } }),
      replicas: ALL.map((name) => replica(name, ALL)),
    });
    const plan = planStatus({ view: seen, placed: new Set(ALL), storageLabel: STORAGE_LABEL });
    expect(plan.status.readers).toEqual([]);
  });

  test('deletion ends the grant and what was leaving', () => {
    const leaving = { node: 'n2', storeId: storeOf('n2') };
    const status = { epoch: 2, base: EMPTY_BASE, grant: grantTo('n1', 2), leaving };
    const seen = view({
      volume: volume({ spec: { deletion: { requestedAt: at(0) } }, status }),
      replicas: ALL.map((name) => replica(name, ALL)),
    });
    const plan = planStatus({ view: seen, placed: new Set(ALL), storageLabel: STORAGE_LABEL });
    expect(plan.status.grant).toBeUndefined();
    expect(plan.status.leaving).toBeUndefined();
  });

  test('deletion: removed copies are dropped, those on silent nodes buried, the others told to go', () => {
    const replicas = [
      replica('n1', ALL, { spec: { removal: 'delete' }, status: { removed: true } }),
      replica('n2', ALL),
      replica('n3', ALL),
    ];
    const seen = view({
      volume: volume({ spec: { deletion: { requestedAt: at(0) } } }),
      replicas,
      nodes: [node('n2', SILENT)],
    });
    const actions = planOrders({ view: seen, placed: new Set(ALL) });
    expect(actions.map((action) => `${action.kind} ${nodeOf(action)}`)).toEqual([
      'drop n1',
      'bury n2',
      'update n3',
    ]);
    expect(isGone(seen)).toBe(false);
    expect(isGone({ ...seen, replicas: new Map() })).toBe(true);
  });
});
