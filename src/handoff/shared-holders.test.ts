import { describe, expect, test } from 'vitest';
import {
  ALL,
  BASE,
  sharedView as shared,
  type SharedGiven as Given,
} from '../../test/builders/shared-view.ts';
import {
  EMPTY_BASE,
  expelledNode,
  folder,
  MADE_ANEW,
  node,
  sharedBase,
  SILENT,
  storeOf,
  writerOn,
  writes,
} from '../../test/builders/volume-view.ts';
import { mayStillLeave } from '../desired/leaving.ts';
import { membersOf } from '../desired/members.ts';
import { currentBase, decideLeave } from './holders.ts';

describe('who had all once', () => {
  const attached = {
    n3: { writer: writes({}, { afterUnmount: false }), folder: folder(ALL, { type: 'sendreceive' }) },
  };

  test('a data copy that holds what a writer scanned, and the writer on a data node', () => {
    const found = currentBase(shared({ status: { base: EMPTY_BASE }, reports: attached }));
    expect(found).toEqual(sharedBase(ALL));
    const client = currentBase(shared({ status: { base: EMPTY_BASE }, reports: attached, clients: ['n3'] }));
    expect(client).toEqual(sharedBase(['n1', 'n2']));
  });

  test('a data copy that is proven against one; never a client', () => {
    expect(currentBase(shared())).toEqual(sharedBase(ALL));
    expect(currentBase(shared({ clients: ['n3'] }))).toBe(shared({ clients: ['n3'] }).volume.status.base);
    expect(currentBase(shared({ reports: { n3: { folder: folder(ALL, { needItems: 1 }) } } }))).toEqual(BASE);
  });

  test('not by the word of a node that was expelled', () => {
    const reports = { n1: { writer: writes(), folder: folder(ALL) } };
    const given = { status: { base: EMPTY_BASE }, reports };
    expect(currentBase(shared(given)).kind).toBe('shared');
    expect(currentBase(shared({ ...given, nodes: [expelledNode('n1')] }))).toEqual(EMPTY_BASE);
  });

  test('not before anybody wrote', () => {
    expect(currentBase(shared({ status: { base: EMPTY_BASE } }))).toEqual(EMPTY_BASE);
  });

  test.each([
    ['one whose disk is another now goes', { nodes: [node('n1', { storeId: 'new' })] }, ['n2']],
    [
      'one whose database counts anew goes',
      { reports: { n1: { folder: folder([], { sequence: 3 }) } } },
      ['n2'],
    ],
    [
      'one with changed files stays',
      { reports: { n1: { folder: folder([], { receiveOnlyItems: 1 }) } } },
      ['n1', 'n2'],
    ],
    ['one that does not answer stays', { nodes: [node('n1', SILENT)] }, ['n1', 'n2']],
    [
      'the last one stays, whatever became of it',
      { nodes: [node('n1', { storeId: 'new' }), node('n2', { storeId: 'new' })] },
      ['n1', 'n2'],
    ],
  ] as const)('%s', (_what, given, expected) => {
    const base = currentBase(shared({ clients: ['n3'], ...given }));
    expect(base.holders.map((each) => each.node)).toEqual(expected);
  });

  test.each([
    ['counts anew', folder([], { sequence: 3 }), {}],
    ['counted past it since its database was made anew', folder([], { ...MADE_ANEW, needItems: 5 }), {}],
    ['did so, and others know it', folder(['n2', 'n3'], { ...MADE_ANEW, needItems: 5 }), {}],
    ['was set back as a whole', folder([], { sequence: 7, needItems: 5 }), { sequence: 5 }],
  ])('a writer that ended long ago and %s does not come back by its old scan', (_what, own, scan) => {
    const reports = { n1: { writer: writes({ phase: 'released' }, scan), folder: own } };
    for (const held of [['n2'], ['n1', 'n2']]) {
      const status = { base: sharedBase(held) };
      const { holders } = currentBase(shared({ clients: ['n3'], reports, status }));
      expect(holders.map((each) => each.node)).toEqual(['n2']);
    }
  });

  test('where none is known any more, by what ended', () => {
    const reports = { n1: { writer: writes({ phase: 'released' }), folder: folder(ALL) } };
    const base = currentBase(shared({ clients: ['n3'], reports, status: { base: EMPTY_BASE } }));
    expect(base).toEqual(sharedBase(['n1', 'n2']));
  });
});

describe('which copy may leave', () => {
  const leaving = { node: 'n3', wanted: 2 };

  test.each([
    ['what it has is on two others', {}, 'may-leave'],
    ['one of them lacks something', { reports: { n1: { folder: folder(ALL, { needItems: 1 }) } } }, 'stays'],
    ['it lacks something itself', { reports: { n3: { folder: folder(ALL, { needItems: 1 }) } } }, 'stays'],
    ['its session has not ended', { reports: { n3: { writer: writes() } } }, 'stays'],
    [
      'its folder still sends',
      { reports: { n3: { folder: folder(ALL, { type: 'sendreceive' }) } } },
      'stays',
    ],
    ['one of them never had all', { status: { base: sharedBase(['n1']) } }, 'stays'],
    ['one of them does not answer', { nodes: [node('n1', SILENT)] }, 'stays'],
  ] as const)('%s', (_what, given, kind) => {
    const seen = shared(given);
    expect(decideLeave(seen, seen.volume.status.base, leaving).kind).toBe(kind);
  });

  const elsewhere = {
    status: { base: sharedBase(ALL), writers: [writerOn('n1')] },
    reports: { n1: { writer: writes(), folder: folder(ALL, { type: 'sendreceive' }) } },
  };

  test('one that has no session, while others write', () => {
    const seen = shared(elsewhere);
    expect(decideLeave(seen, seen.volume.status.base, leaving).kind).toBe('may-leave');
  });

  test('and it is not called back for them, but for a session of its own', () => {
    const on = { node: 'n3', storeId: storeOf('n3') };
    const mayLeave = (given: Given) => {
      const seen = shared({ ...elsewhere, ...given, status: { ...elsewhere.status, leaving: on } });
      return mayStillLeave(seen, membersOf(seen, new Set(['n1', 'n2'])), 'n3');
    };
    expect(mayLeave({ reports: elsewhere.reports })).toBe(true);
    expect(mayLeave({ reports: { ...elsewhere.reports, n3: { writer: writes() } } })).toBe(false);
  });

  describe('where no holder is known, as after the API server came back from an early backup', () => {
    const unknown = { base: EMPTY_BASE };
    const alone = {
      n1: { folder: folder([], { needItems: 4 }) },
      n2: { folder: folder([], { needItems: 4 }) },
    };
    const blank = { n3: { folder: folder([], { sequence: 0 }) } };

    test.each([
      ['not what no other has', alone, 2, 'stays'],
      ['not the last one', {}, 0, 'stays'],
      ['what others have, by their proof', {}, 2, 'may-leave'],
      ['what has nothing at all', blank, 0, 'may-leave'],
    ] as const)('%s', (_what, reports, wanted, kind) => {
      const seen = shared({ status: unknown, reports });
      expect(decideLeave(seen, EMPTY_BASE, { node: 'n3', wanted }).kind).toBe(kind);
    });

    test('one on its way is called back where the others have nothing', () => {
      const status = { ...unknown, leaving: { node: 'n3', storeId: storeOf('n3') } };
      const empty = {
        n1: { folder: folder([], { sequence: 0 }) },
        n2: { folder: folder([], { sequence: 0 }) },
      };
      const mayLeave = (reports: Given['reports']) => {
        const seen = shared({ status, ...(reports && { reports }) });
        return mayStillLeave(seen, membersOf(seen, new Set(['n1', 'n2'])), 'n3');
      };
      expect(mayLeave(empty)).toBe(false);
      expect(mayLeave({})).toBe(true);
    });
  });
});
