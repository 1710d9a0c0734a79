import { describe, expect, test } from 'vitest';
import {
  asks,
  at,
  expelledNode,
  clusterNode,
  EMPTY_BASE,
  folder,
  grantTo,
  handoffBase,
  holder,
  node,
  peer,
  replica,
  SILENT,
  storeOf,
  view,
  volume,
  type ViewGiven,
  MADE_ANEW,
} from '../../test/builders/volume-view.ts';
import type { SyncthingNode, SyncthingNodeStatus } from '../desired/node.ts';
import type { SyncthingReplicaStatus } from '../desired/replica.ts';
import type { Base } from '../desired/volume.ts';
import { decideGrant } from './grant.ts';

const ALL = ['n1', 'n2', 'n3'];
const BASE = handoffBase(['n1', 'n2']);
const SOURCE = handoffBase(['n2'], { kind: 'failover', epoch: 3, session: 0 });

function copies(given: Readonly<Record<string, Partial<SyncthingReplicaStatus>>> = {}) {
  return ALL.map((name) => replica(name, ALL, { spec: { base: BASE }, status: given[name] ?? {} }));
}

function asking(name: string, base: Base = BASE, given: Partial<SyncthingNodeStatus> = {}): SyncthingNode {
  return node(name, { ...asks(base), ...given });
}

/** Detached, held by n1 and n2, all in sync. */
function detached(given: Partial<ViewGiven> = {}) {
  return view({ volume: volume({ status: { epoch: 1, base: BASE } }), replicas: copies(), ...given });
}

describe('who may write next', () => {
  test('nobody asks', () => {
    expect(decideGrant(detached())).toEqual({ kind: 'nobody-asks' });
  });

  test.each(ALL)('%s asks and is covered: the next epoch, on the disk it has', (name) => {
    const decision = decideGrant(detached({ nodes: [asking(name)] }));
    expect(decision).toEqual({
      kind: 'give',
      grant: { epoch: 2, node: name, storeId: storeOf(name), since: at(0) },
    });
  });

  test('what an expelled node says of higher epochs holds nobody up', () => {
    const replicas = copies({ n3: { highestEpoch: 7 } });
    const nodes = [asking('n2'), expelledNode('n3')];
    expect(decideGrant(detached({ replicas, nodes }))).toMatchObject({ kind: 'give', grant: { node: 'n2' } });
  });

  test('the oldest request goes first, one that is not covered holds nobody up', () => {
    const older = asks(BASE, at(-9000));
    const nodes = [node('n3', older), node('n2', asks(BASE, at(-100)))];
    expect(decideGrant(detached({ nodes }))).toMatchObject({ kind: 'give', grant: { node: 'n3' } });
    const behind = copies({ n3: { folder: folder(['n1', 'n2'], { needItems: 1, state: 'syncing' }) } });
    expect(decideGrant(detached({ nodes, replicas: behind }))).toMatchObject({
      kind: 'give',
      grant: { node: 'n2' },
    });
  });

  const waits: readonly (readonly [string, Partial<ViewGiven>, RegExp])[] = [
    [
      'another node holds it',
      {
        volume: volume({ status: { epoch: 2, base: BASE, grant: grantTo('n1', 2) } }),
        nodes: [asking('n2')],
      },
      /n1 holds the volume since/,
    ],
    ['it has no copy yet', { nodes: [asking('n4')] }, /n4 has no copy yet/],
    ['it does not answer', { nodes: [asking('n2', BASE, SILENT)] }, /n2 does not answer/],
    [
      'it is tainted',
      { nodes: [asking('n2')], clusterNodes: [clusterNode('n2', { outOfService: true })] },
      /n2 is lost/,
    ],
    [
      'it saw an older base',
      { nodes: [asking('n2', { ...BASE, epoch: 0 })] },
      /not seen the volume's latest state/,
    ],
    ['it saw an older session', { nodes: [asking('n2', { ...BASE, session: 0 })] }, /latest state/],
    ['its disk is another', { nodes: [asking('n2', BASE, { storeId: 'new' })] }, /not reported its copy/],
    [
      'its copy is stale',
      {
        volume: volume({
          status: { epoch: 1, base: BASE, stale: [{ node: 'n2', storeId: storeOf('n2'), epoch: 1 }] },
        }),
        nodes: [asking('n2')],
      },
      /lost lineage/,
    ],
    [
      'its copy is leaving',
      {
        volume: volume({ status: { epoch: 1, base: BASE, leaving: { node: 'n2', storeId: storeOf('n2') } } }),
        nodes: [asking('n2')],
      },
      /being removed/,
    ],
    [
      'an old mount is left over',
      { replicas: copies({ n2: { mounts: ['/pods/x'] } }), nodes: [asking('n2')] },
      /StillMounted: \/pods\/x/,
    ],
    [
      'it has not ended its own session',
      {
        replicas: copies({
          n2: { writer: { epoch: 1, session: 1, phase: 'flushing', since: at(0), switched: true } },
        }),
        nodes: [asking('n2')],
      },
      /n2 has a session of epoch 1 that the volume knows nothing of/,
    ],
    [
      'some copy saw a higher epoch',
      { replicas: copies({ n3: { highestEpoch: 7 } }), nodes: [asking('n2')] },
      /n3 saw epoch 7, above the volume's 1/,
    ],
    [
      'some copy saw a state that came after it',
      { replicas: copies({ n3: { highestBase: 2 } }), nodes: [asking('n2')] },
      /n3 saw what epoch 2 left, and the volume is at what epoch 1 left/,
    ],
    [
      'the source of a failover takes its files back',
      {
        volume: volume({ status: { epoch: 3, base: SOURCE } }),
        nodes: [asking('n2', SOURCE)],
      },
      /n2 takes back the files/,
    ],
    [
      'the volume goes',
      { volume: volume({ spec: { deletion: { requestedAt: at(0) } } }), nodes: [asking('n2')] },
      /deleted/,
    ],
  ];
  test.each(waits)('no grant while %s', (_what, given, reason) => {
    const decision = decideGrant(detached(given));
    expect(decision).toMatchObject({ kind: 'wait', waiting: [{ reason: expect.stringMatching(reason) }] });
  });

  test('a request for an earlier volume of the same name is none', () => {
    const [wanted] = asks(BASE).wanted;
    if (wanted === undefined) throw new Error('no request');
    const other = node('n2', { wanted: [{ ...wanted, volumeId: 'v-aaaaaaaaaaaaaaaa-ffffffffffff' }] });
    expect(decideGrant(detached({ nodes: [other] }))).toEqual({ kind: 'nobody-asks' });
  });

  test('a request without a base was made before its node saw an order', () => {
    const [wanted] = asks(BASE).wanted;
    if (wanted === undefined) throw new Error('no request');
    const { base: _base, ...bare } = wanted;
    expect(decideGrant(detached({ nodes: [node('n2', { wanted: [bare] })] })).kind).toBe('wait');
  });

  test('an empty volume goes to any clean copy', () => {
    const replicas = ALL.map((name) => replica(name, ALL));
    const decision = decideGrant(view({ replicas, nodes: [node('n3', asks(EMPTY_BASE))] }));
    expect(decision).toMatchObject({ kind: 'give', grant: { node: 'n3', epoch: 1 } });
  });
});

describe('what a copy has to be, to be covered', () => {
  function reasonFor(
    name: string,
    given: Readonly<Record<string, Partial<SyncthingReplicaStatus>>>,
    base = BASE,
  ): string {
    const replicas = ALL.map((each) => replica(each, ALL, { spec: { base }, status: given[each] ?? {} }));
    const decision = decideGrant(
      view({ volume: volume({ status: { epoch: 1, base } }), replicas, nodes: [asking(name, base)] }),
    );
    return decision.kind === 'wait' ? (decision.waiting[0]?.reason ?? '') : decision.kind;
  }
  const others = ['n1', 'n2'];

  test.each([
    ['needs items', { needItems: 2, needBytes: 9 }],
    ['is not idle', { state: 'scanning' }],
    ['has errors', { errors: 1, messages: ['x: denied'] }],
    ['has local changes', { receiveOnlyItems: 1 }],
    ['has not scanned yet', { scanned: false }],
  ])('not one that %s', (_what, broken) => {
    expect(reasonFor('n3', { n3: { folder: folder(others, broken) } })).toContain(
      'n3 is catching up with n1, n2',
    );
  });

  test("not one that does not know the holder's index up to its present sequence", () => {
    const behind = folder(others, { peers: others.map((name) => peer(name, { knownSequence: 9 })) });
    expect(reasonFor('n3', { n3: { folder: behind } })).toContain('catching up');
  });

  test('not one that a holder sees lacking something; one that says otherwise suffices', () => {
    function seeing(own: string, lacks: boolean) {
      const peers = ALL.filter((name) => name !== own).map((name) => peer(name, { remoteNeedEmpty: !lacks }));
      return { folder: folder([], { peers }) };
    }
    expect(reasonFor('n3', { n1: seeing('n1', true), n2: seeing('n2', true) })).toContain('still has items');
    expect(reasonFor('n3', { n1: seeing('n1', true), n2: seeing('n2', false) })).toBe('give');
  });

  test.each([
    ['rolled back', { sequence: 9 }],
    ['counted anew by another database', MADE_ANEW],
    ["changed behind Syncthing's back", { receiveOnlyItems: 1 }],
    ['in error', { errors: 1 }],
    ['not scanned since its daemon started', { scanned: false }],
  ])('not by holders that are %s', (_what, broken) => {
    const given = {
      n1: { folder: folder(['n2', 'n3'], broken) },
      n2: { folder: folder(['n1', 'n3'], broken) },
    };
    expect(reasonFor('n3', given)).toContain('bring back one of n1, n2');
  });

  test('a holder among others is covered by itself only while it is what was proven', () => {
    expect(reasonFor('n1', {})).toBe('give');
    const changed = { n1: { folder: folder(['n2', 'n3'], { receiveOnlyItems: 3 }) } };
    expect(reasonFor('n1', changed)).toContain('changed outside the volume');
  });

  test('the disk of the only holder is the truth, whatever was changed on it', () => {
    const base = handoffBase(['n1']);
    expect(
      reasonFor('n1', { n1: { folder: folder(['n2', 'n3'], { receiveOnlyItems: 3, sequence: 2 }) } }, base),
    ).toBe('give');
    expect(reasonFor('n1', { n1: { folder: folder(['n2', 'n3'], { errors: 3 }) } }, base)).not.toBe('give');
  });

  test('a holder of another disk under the same name holds nothing', () => {
    const base: Base = { ...BASE, holders: [{ ...holder('n1'), storeId: 'old' }] };
    expect(reasonFor('n1', {}, base)).toContain('bring back one of n1');
    expect(reasonFor('n3', {}, base)).toContain('bring back one of n1');
  });
});
