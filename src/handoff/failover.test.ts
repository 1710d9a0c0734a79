import { describe, expect, test } from 'vitest';
import {
  at,
  clusterNode,
  deviceOf,
  folder,
  grantTo,
  handoffBase,
  holder,
  node,
  replica,
  SILENT,
  storeOf,
  view,
  volume,
  type ViewGiven,
  MADE_ANEW,
} from '../../test/builders/volume-view.ts';
import type { FolderReport } from '../desired/replica.ts';
import type { Holder, SyncthingVolumeStatus } from '../desired/volume.ts';
import { decideFailover, needsFence } from './failover.ts';
import { isLost } from './lost-writer.ts';

const ALL = ['n1', 'n2', 'n3'];
const TAINTED = [clusterNode('n1', { outOfService: true })];
const FENCED = [node('n1', SILENT), node('n2', { fenced: ['n1'] }), node('n3', { fenced: ['n1'] })];

interface Given extends Partial<ViewGiven> {
  readonly status?: Partial<SyncthingVolumeStatus>;
  readonly folders?: Readonly<Record<string, Partial<FolderReport>>>;
  readonly generations?: Readonly<Record<string, number>>;
}

/** n1 had the grant of epoch 2 on a base that all hold, and is tainted out-of-service; the others shut it out. */
function lost(given: Given = {}) {
  const replicas = ALL.map((name) => {
    const peers = ALL.filter((other) => other !== name);
    return replica(name, ALL, {
      status: { folder: folder(peers, given.folders?.[name]) },
      generation: given.generations?.[name] ?? 1,
    });
  });
  const status = { epoch: 2, base: handoffBase(ALL), grant: grantTo('n1', 2), ...given.status };
  return view({ volume: volume({ status }), replicas, nodes: FENCED, clusterNodes: TAINTED, ...given });
}

describe('a writer is lost', () => {
  test('by the taint, and by the end of its Node object; not by silence', () => {
    expect(isLost(lost(), 'n1')).toBe(true);
    expect(isLost(lost(), 'n2')).toBe(false);
    expect(isLost({ clusterNodes: new Map(), nodes: new Map() }, 'n1')).toBe(true);
    expect(decideFailover(lost({ clusterNodes: [clusterNode('n1', { ready: false })] }))).toEqual({
      kind: 'none',
    });
  });

  test('no grant, or a volume that goes: nothing to fail over', () => {
    const detached = { epoch: 2, base: handoffBase(ALL) };
    const replicas = ALL.map((name) => replica(name, ALL));
    expect(
      decideFailover(view({ volume: volume({ status: detached }), replicas, clusterNodes: TAINTED })),
    ).toEqual({
      kind: 'none',
    });
    const deletion = { requestedAt: at(0) };
    expect(
      decideFailover(lost({ volume: volume({ spec: { deletion }, status: lost().volume.status }) })),
    ).toEqual({
      kind: 'none',
    });
  });

  test('first every copy that answers shuts it out', () => {
    expect(decideFailover(lost({ nodes: [node('n1', SILENT), node('n2', { fenced: ['n1'] })] }))).toEqual({
      kind: 'fencing',
      waitingFor: ['n3'],
    });
  });

  test('then the volume goes on, with the lost copy stale', () => {
    expect(decideFailover(lost())).toEqual({
      kind: 'fail-over',
      epoch: 3,
      base: { kind: 'failover', epoch: 3, session: 0, holders: [holder('n2')], since: at(0) },
      stale: [{ node: 'n1', storeId: storeOf('n1'), epoch: 3 }],
    });
  });

  test('a copy that does not answer and did not shut it out is stale too', () => {
    const nodes = [node('n1', SILENT), node('n2', { fenced: ['n1'] }), node('n3', SILENT)];
    expect(decideFailover(lost({ nodes }))).toMatchObject({
      stale: [{ node: 'n1' }, { node: 'n3', storeId: storeOf('n3'), epoch: 3 }],
    });
  });

  test('one that shut it out before it fell silent is not', () => {
    const nodes = [
      node('n1', SILENT),
      node('n2', { fenced: ['n1'] }),
      node('n3', { ...SILENT, fenced: ['n1'] }),
    ];
    expect(decideFailover(lost({ nodes }))).toMatchObject({ stale: [{ node: 'n1' }] });
  });

  test('a copy that never reported has nothing to be stale with', () => {
    const replicas = [...lost().replicas.values(), replica('n4', ALL, { status: null })];
    const nodes = [...FENCED, node('n4', SILENT)];
    expect(decideFailover(lost({ replicas, nodes }))).toMatchObject({ stale: [{ node: 'n1' }] });
  });

  test('what was stale before has to rejoin the new lineage', () => {
    const stale = [{ node: 'n4', storeId: storeOf('n4'), epoch: 2 }];
    expect(decideFailover(lost({ status: { stale } }))).toMatchObject({
      stale: [
        { node: 'n4', epoch: 3 },
        { node: 'n1', epoch: 3 },
      ],
    });
  });

  test('so has the lost copy that is no copy of the volume any more', () => {
    const replicas = [...lost().replicas.values()].filter(({ spec }) => spec.node !== 'n1');
    expect(decideFailover(lost({ replicas }))).toMatchObject({
      stale: [{ node: 'n1', storeId: storeOf('n1'), epoch: 3 }],
    });
  });

  describe('whose disk came back under another name', () => {
    const MOVED = node('n9', { storeId: storeOf('n1'), deviceId: deviceOf('n1') });
    const copies = [
      ...lost().replicas.values(),
      replica('n9', ALL, { status: { storeId: storeOf('n1'), folder: folder(ALL, { sequence: 99 }) } }),
    ];
    const all = { nodes: [node('n1', SILENT), MOVED], replicas: copies };
    const fenced = ['n1', 'n9'];

    test('is shut out by both names', () => {
      expect(needsFence(lost(all), 'n9', 'n2')).toBe(true);
      const nodes = [...all.nodes, node('n2', { fenced }), node('n3', { fenced: ['n1'] })];
      expect(decideFailover(lost({ ...all, nodes }))).toEqual({ kind: 'fencing', waitingFor: ['n3'] });
    });

    test('is stale once, shuts nobody out itself, and is none that the volume goes on from', () => {
      const nodes = [...all.nodes, node('n2', { fenced }), node('n3', { fenced })];
      const spec = { forceDetach: { epoch: 2, acceptLoss: true } };
      const base = handoffBase(['n1']);
      const given = { volume: volume({ spec, status: { ...lost().volume.status, base } }) };
      expect(decideFailover(lost({ ...all, nodes, ...given }))).toMatchObject({
        kind: 'fail-over',
        base: { holders: [{ node: 'n2' }] },
        stale: [{ node: 'n1', storeId: storeOf('n1'), epoch: 3 }],
      });
    });

    test('is shut out by the new name alone where the old one was forgotten', () => {
      const nodes = [MOVED, node('n2', { fenced: ['n9'] }), node('n3', { fenced: ['n9'] })];
      const seen = lost({ ...all, nodes });
      const left = new Map([...seen.nodes].filter(([name]) => name !== 'n1'));
      expect(decideFailover({ ...seen, nodes: left }).kind).toBe('fail-over');
    });
  });

  describe('goes on only from what holds all that was acknowledged', () => {
    const proven = {
      epoch: 2,
      session: 1,
      sequence: 10,
      scanStartedAt: at(-9000),
      holders: [holder('n1'), holder('n3')],
    };

    test('the highest proof of this grant, not the base', () => {
      expect(decideFailover(lost({ status: { proven } }))).toMatchObject({
        base: { holders: [{ node: 'n3' }], heldBefore: 10 },
        provenThrough: at(-9000),
      });
    });

    const without = (given: Partial<Holder>) =>
      handoffBase([], { holders: ALL.map((name) => ({ ...holder(name), ...given })) });

    test.each([
      ['held nothing of the base', handoffBase(['n1', 'n2'])],
      ['lost its database since', without({ index: 'before' })],
      ['counts from another disk', without({ storeId: 'before' })],
    ])('whose own sequence says nothing of what was before: it %s', (_what, base) => {
      const decision = decideFailover(lost({ status: { proven, base } }));
      expect(decision).toMatchObject({ base: { holders: [{ node: 'n3' }] } });
      expect(decision).not.toHaveProperty('base.heldBefore');
    });

    test('a proof of an earlier grant says nothing', () => {
      expect(decideFailover(lost({ status: { proven: { ...proven, epoch: 1 } } }))).toMatchObject({
        base: { holders: [{ node: 'n2' }] },
      });
    });

    test('the one that knows most of the lost index', () => {
      const knows = folder(['n1', 'n2']).peers.map((each) => ({ ...each, knownSequence: 50 }));
      expect(decideFailover(lost({ folders: { n3: { peers: knows, needItems: 2 } } }))).toMatchObject({
        base: { holders: [{ node: 'n3' }] },
      });
    });

    test.each([
      ['was rolled back', { folders: { n3: { sequence: 9 } } }],
      ['lost its database and counted on', { folders: { n3: MADE_ANEW } }],
      ['was changed', { folders: { n3: { receiveOnlyItems: 1 } } }],
      ['has not scanned', { folders: { n3: { scanned: false } } }],
      [
        'does not answer',
        { nodes: [node('n1', SILENT), node('n2', { fenced: ['n1'] }), node('n3', SILENT)] },
      ],
      [
        'has another disk',
        { nodes: [...FENCED.slice(0, 2), node('n3', { storeId: 'new', fenced: ['n1'] })] },
      ],
    ])('blocked while the only one %s, naming whom to bring back', (_what, given) => {
      expect(decideFailover(lost({ ...given, status: { proven } }))).toEqual({
        kind: 'blocked',
        bringBack: ['n1', 'n3'],
      });
    });

    test('blocked while it is stale itself', () => {
      const stale = [{ node: 'n3', storeId: storeOf('n3'), epoch: 2 }];
      expect(decideFailover(lost({ status: { proven, stale } })).kind).toBe('blocked');
    });

    test('a proof does not help where a person accepts the loss and it can be had without', () => {
      const spec = { forceDetach: { epoch: 2, acceptLoss: true } };
      const status = { ...lost().volume.status, proven };
      expect(decideFailover(lost({ volume: volume({ spec, status }) }))).toMatchObject({
        base: { holders: [{ node: 'n3' }] },
      });
    });

    test.each([
      ['nothing is said', {}, 'blocked'],
      ['the epoch alone is given up', { forceDetach: { epoch: 2 } }, 'blocked'],
      ['the loss of another epoch is accepted', { forceDetach: { epoch: 1, acceptLoss: true } }, 'blocked'],
      ['the loss is accepted', { forceDetach: { epoch: 2, acceptLoss: true } }, 'fail-over'],
    ])('without the proven copy, when %s', (_what, spec, kind) => {
      const status = { ...lost().volume.status, proven };
      const folders = { n3: { receiveOnlyItems: 1 } };
      const decision = decideFailover(lost({ volume: volume({ spec, status }), folders }));
      expect(decision.kind).toBe(kind);
      if (decision.kind === 'fail-over') expect(decision.base.holders).toEqual([holder('n2')]);
    });

    test.each([
      ['nothing but rotten files is changed', 1, 1, 'fail-over'],
      ['more is changed', 2, 1, 'blocked'],
      ['no scrub marked it', 1, 0, 'blocked'],
    ])('a copy with changed files is the last one to go on from, where %s', (_what, ...given) => {
      const [receiveOnlyItems, repairing, kind] = given;
      const acceptLoss = { forceDetach: { epoch: 2, acceptLoss: true } };
      const changed = { receiveOnlyItems };
      const seen = lost({
        volume: volume({ spec: acceptLoss, status: { ...lost().volume.status, proven } }),
        folders: { n2: changed, n3: { receiveOnlyItems: 9 } },
      });
      const [copy] = [...seen.replicas.values()].filter(({ spec }) => spec.node === 'n2');
      if (copy?.status === undefined) throw new Error('n2 has reported');
      const nothing = { files: 0, bytes: 0, skipped: 0, repaired: 0, differing: 0, names: [] };
      const scrubbed = { ...nothing, running: { startedAt: at(0), files: 0, bytes: 0, repairing } };
      const rotten = { ...copy, status: { ...copy.status, scrubbed } };
      const decision = decideFailover({ ...seen, replicas: new Map([...seen.replicas, ['n2', rotten]]) });
      expect(decision.kind).toBe(kind);
      if (decision.kind === 'fail-over') expect(decision.base.holders).toEqual([holder('n2')]);
    });

    test('what arrived of a first writer is all there is, once a person gives it up', () => {
      const base = { kind: 'empty' as const, epoch: 0, session: 0, holders: [] };
      const spec = { forceDetach: { epoch: 2 } };
      const status = { ...lost().volume.status, base };
      expect(decideFailover(lost({ volume: volume({ spec, status }) }))).toMatchObject({
        kind: 'fail-over',
        base: { kind: 'failover', holders: [{ node: 'n2' }] },
        stale: [{ node: 'n1' }],
      });
    });

    test('blocked where nobody can know whether the first writer wrote', () => {
      const base = { kind: 'empty' as const, epoch: 0, session: 0, holders: [] };
      expect(decideFailover(lost({ status: { base } }))).toEqual({ kind: 'blocked', bringBack: ['n1'] });
    });
  });
});

describe('a writer that is lost for one volume', () => {
  const spec = { forceDetach: { epoch: 2 } };
  const status = { epoch: 2, base: handoffBase(ALL), grant: grantTo('n1', 2) };
  function forced(
    lists: Readonly<Record<string, readonly string[]>>,
    generations: Given['generations'] = {},
  ) {
    const replicas = ALL.map((name) =>
      replica(name, lists[name] ?? ALL, { generation: generations[name] ?? 1 }),
    );
    return view({ volume: volume({ spec, status }), replicas });
  }
  const WITHOUT = { n2: ['n3'], n3: ['n2'] };

  test('is shut out by the lists of the others, applied by each; its device stays', () => {
    expect(decideFailover(forced({}))).toEqual({ kind: 'fencing', waitingFor: ['n2', 'n3'] });
    expect(decideFailover(forced(WITHOUT, { n3: 2 }))).toEqual({ kind: 'fencing', waitingFor: ['n3'] });
    expect(decideFailover(forced(WITHOUT))).toMatchObject({
      kind: 'fail-over',
      stale: [{ node: 'n1', storeId: storeOf('n1'), epoch: 3 }],
    });
    expect(needsFence(forced({}), 'n1', 'n2')).toBe(false);
  });

  test('by either name of its disk', () => {
    const moved = (n2: readonly string[]) => {
      const seen = forced({ ...WITHOUT, n2 });
      const nodes = new Map([...seen.nodes, ['n9', node('n9', { storeId: storeOf('n1') })]]);
      return decideFailover({ ...seen, nodes });
    };
    expect(moved(['n3', 'n9'])).toEqual({ kind: 'fencing', waitingFor: ['n2'] });
    expect(moved(['n3']).kind).toBe('fail-over');
  });
});

describe('a fence', () => {
  const stale = [{ node: 'n1', storeId: storeOf('n1'), epoch: 3 }];
  function failedOver(given: Given = {}) {
    const status = { epoch: 3, base: handoffBase(['n2'], { kind: 'failover', epoch: 3, session: 0 }), stale };
    const replicas = ALL.map((name) => {
      const listed = name === 'n2' ? ALL.filter((other) => other !== 'n1') : ALL;
      return replica(name, listed, { generation: given.generations?.[name] ?? 1 });
    });
    return view({ volume: volume({ status }), replicas, clusterNodes: TAINTED, ...given });
  }

  test('is up everywhere from the loss on', () => {
    expect(['n2', 'n3', 'n4'].map((on) => needsFence(lost(), 'n1', on))).toEqual([true, true, true]);
    expect(needsFence(lost(), 'n1', 'n1')).toBe(false);
    expect(needsFence(lost(), 'n3', 'n2')).toBe(false);
  });

  test('comes down, node by node, when the copy there lists the lost one no more and has applied that', () => {
    expect(needsFence(failedOver(), 'n1', 'n2')).toBe(false);
    expect(needsFence(failedOver({ generations: { n2: 2 } }), 'n1', 'n2')).toBe(true);
    expect(needsFence(failedOver(), 'n1', 'n3')).toBe(true);
  });

  test('stays for a node that is off: both may come back at once', () => {
    expect(needsFence(failedOver({ nodes: [node('n3', SILENT)] }), 'n1', 'n3')).toBe(true);
  });

  test('is not for what the node has now on another disk', () => {
    expect(needsFence(failedOver({ nodes: [node('n1', { storeId: 'new' })] }), 'n1', 'n3')).toBe(false);
  });

  test('is for the disk under another name, until it has made way there', () => {
    const moved = { storeId: storeOf('n1'), deviceId: deviceOf('n1') };
    const nodes = [node('n1', { storeId: 'new' }), node('n9', moved)];
    expect(needsFence(failedOver({ nodes, generations: { n3: 2 } }), 'n9', 'n3')).toBe(true);
    const seen = failedOver({ nodes: [node('n1', SILENT), node('n9', moved)] });
    const rejoin = { epoch: 3, step: 'archived' as const };
    const made = replica('n9', [], { status: { storeId: storeOf('n1'), rejoin } });
    expect(needsFence(seen, 'n1', 'n3')).toBe(true);
    const replicas = new Map([...seen.replicas, ['n9', made]]);
    expect(needsFence({ ...seen, replicas }, 'n1', 'n3')).toBe(false);
  });

  test('is not for a writer that is back before anything was decided', () => {
    expect(needsFence(lost({ clusterNodes: [] }), 'n1', 'n2')).toBe(false);
  });
});
