import { describe, expect, test } from 'vitest';
import {
  asks,
  EMPTY_BASE,
  grantTo,
  handoffBase,
  node,
  replica,
  view,
  volume,
} from '../../test/builders/volume-view.ts';
import { conditionsOf } from '../desired/conditions.ts';
import { membersOf } from '../desired/members.ts';
import { orderOf } from '../desired/orders.ts';
import type { SyncthingVolumeSpec, SyncthingVolumeStatus } from '../desired/volume.ts';
import { decideGrant } from './grant.ts';
import { importerOf } from './importing.ts';

const source = { node: 'n3', directory: 'photos' };

interface Given {
  readonly spec?: Partial<SyncthingVolumeSpec>;
  readonly status?: Partial<SyncthingVolumeStatus>;
  readonly asking?: readonly string[];
  readonly message?: string;
}

/** n1 and n2 are to keep copies, the directory is on n3. */
function seen({ spec = { source }, status = {}, asking = [], message }: Given = {}) {
  const copies = ['n1', 'n2'].map((name) => replica(name, ['n1', 'n2']));
  const importing = replica('n3', [], {
    spec: { role: 'client' },
    ...(message !== undefined && { status: { message } }),
  });
  const nodes = ['n1', 'n2', 'n3'].map((name) => node(name, asking.includes(name) ? asks() : {}));
  return view({ volume: volume({ spec, status }), replicas: [...copies, importing], nodes });
}

describe('a volume that is to begin with a directory', () => {
  test('is given to the node that has it, which nobody had to ask', () => {
    expect(decideGrant(seen())).toMatchObject({ kind: 'give', grant: { node: 'n3', epoch: 1 } });
    expect(decideGrant(seen({ asking: ['n1', 'n3'] }))).toMatchObject({
      kind: 'give',
      grant: { node: 'n3' },
    });
  });

  test('keeps others waiting, and says for what', () => {
    const held = { grant: grantTo('n3', 1), epoch: 1 };
    const waiting = seen({ asking: ['n1'], status: held });
    expect(decideGrant(waiting)).toMatchObject({ kind: 'wait', waiting: [{ node: 'n1' }] });
    const view = seen({ asking: ['n1'] });
    const away = { ...view, replicas: new Map([...view.replicas].filter(([name]) => name !== 'n3')) };
    const decision = decideGrant(away);
    expect(decision).toMatchObject({
      kind: 'wait',
      waiting: [{ node: 'n3' }, { node: 'n1', reason: 'n3 takes in the directory "photos" first' }],
    });
  });

  test('has a copy there, with the order to take it in, also where no label is', () => {
    const view = seen({ status: { grant: grantTo('n3', 1), epoch: 1 } });
    const members = membersOf(view, new Set(['n1', 'n2']));
    expect(members.map((member) => member.node)).toEqual(['n1', 'n2', 'n3']);
    const orders = members.map((member) => orderOf(view, member, members).importFrom);
    expect(orders).toEqual([undefined, undefined, 'photos']);
  });

  test('says what it waits for', () => {
    const view = seen({ message: 'import of a directory: /d/import/photos is missing on n3' });
    const members = membersOf(view, new Set(['n1', 'n2']));
    const decisions = {
      failover: { kind: 'none' },
      flush: { kind: 'not-flushing' },
      grant: decideGrant(view),
      members,
      storageLabel: 'label',
    } as const;
    expect(conditionsOf(view, decisions).find(({ type }) => type === 'Ready')).toMatchObject({
      status: 'False',
      reason: 'Importing',
      message: expect.stringContaining('/d/import/photos is missing on n3'),
    });
  });

  test.each([
    ['it has a base', { status: { base: handoffBase(['n3']), epoch: 1 } }],
    ['it is deleted', { spec: { source, deletion: { requestedAt: '2026-01-01T00:00:00.000Z' } } }],
    ['it begins with nothing', { spec: {}, status: { base: EMPTY_BASE } }],
  ])('is one like any where %s', (_what, given) => {
    expect(importerOf(seen(given))).toBeUndefined();
    expect(decideGrant(seen(given)).kind).toBe('nobody-asks');
  });

  test('is given to nobody if many are to write it, or the first pod would begin without the directory', () => {
    const shared = seen({ spec: { source, access: 'eventual' }, asking: ['n1', 'n3'] });
    expect(importerOf(shared)).toBeUndefined();
    const reason = expect.stringContaining('takes in no directory');
    expect(decideGrant(shared)).toMatchObject({
      kind: 'wait',
      waiting: [
        { node: 'n1', reason },
        { node: 'n3', reason },
      ],
    });
    const members = membersOf(shared, new Set(['n1', 'n2']));
    expect(members.map((member) => orderOf(shared, member, members).importFrom)).toEqual(
      members.map(() => undefined),
    );
  });
});
