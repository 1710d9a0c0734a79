import { describe, expect, test } from 'vitest';
import {
  EMPTY_BASE,
  folder,
  grantTo,
  handoffBase,
  holder,
  MADE_ANEW,
  node,
  peer,
  replica,
  SILENT,
  storeOf,
  view,
  volume,
  type ViewGiven,
} from '../../test/builders/volume-view.ts';
import type { FolderReport, ScrubStatus } from '../desired/replica.ts';
import type { Base, SyncthingVolumeStatus } from '../desired/volume.ts';
import { currentBase, decideLeave, strikeWitnesses } from './holders.ts';

const ALL = ['n1', 'n2', 'n3'];

interface Given extends Partial<ViewGiven> {
  readonly base?: Base;
  readonly status?: Partial<SyncthingVolumeStatus>;
  readonly folders?: Readonly<Record<string, Partial<FolderReport>>>;
  readonly roles?: Readonly<Record<string, 'data' | 'client'>>;
  /** Nodes that are about to repair files of theirs. */
  readonly repairing?: readonly string[];
}

const REPAIRING: ScrubStatus = {
  files: 0,
  bytes: 0,
  skipped: 0,
  repaired: 0,
  differing: 0,
  names: [],
  running: { startedAt: '', files: 0, bytes: 0, repairing: 1 },
};

function detached(given: Given = {}) {
  const replicas = ALL.map((name) =>
    replica(name, ALL, {
      spec: { role: given.roles?.[name] ?? 'data' },
      status: {
        folder: folder(
          ALL.filter((other) => other !== name),
          given.folders?.[name],
        ),
        ...(given.repairing?.includes(name) === true && { scrubbed: REPAIRING }),
      },
    }),
  );
  const status = { epoch: 1, base: given.base ?? handoffBase(['n1']), ...given.status };
  return view({ volume: volume({ status }), replicas, ...given });
}

function holdersOf(given: Given): readonly string[] {
  return currentBase(detached(given)).holders.map((each) => `${each.node}@${each.storeId}`);
}

function named(...nodes: readonly string[]): readonly string[] {
  return nodes.map((name) => `${name}@${storeOf(name)}`);
}

describe('the holders of a detached volume', () => {
  test('grow by every copy that is proven against an intact one', () => {
    expect(holdersOf({})).toEqual(named(...ALL));
  });

  test('stay as they are while somebody writes, and of an empty volume', () => {
    expect(holdersOf({ status: { grant: grantTo('n2', 2) } })).toEqual(named('n1'));
    expect(holdersOf({ base: EMPTY_BASE })).toEqual([]);
  });

  test.each([
    ['needs something', { folders: { n2: { needItems: 1 } } }],
    [
      "lacks something in a holder's eyes",
      { folders: { n1: { peers: [peer('n2', { remoteNeedEmpty: false }), peer('n3')] } } },
    ],
    ['does not answer', { nodes: [node('n2', SILENT)] }],
    ['is leaving', { status: { leaving: { node: 'n2', storeId: storeOf('n2') } } }],
    ['is stale', { status: { stale: [{ node: 'n2', storeId: storeOf('n2'), epoch: 1 }] } }],
  ])('not by one that %s', (_what, given) => {
    expect(holdersOf(given)).toEqual(named('n1', 'n3'));
  });

  test('not by one that is proven against no holder', () => {
    const toNobody = {
      peers: [peer('n2', { remoteNeedEmpty: false }), peer('n3', { remoteNeedEmpty: false })],
    };
    expect(holdersOf({ folders: { n1: toNobody } })).toEqual(named('n1'));
  });

  test.each([
    ['was rolled back', { folders: { n1: { sequence: 9 } } }],
    ['lost its database and counted on', { folders: { n1: MADE_ANEW } }],
    ["was changed behind Syncthing's back", { folders: { n1: { receiveOnlyItems: 1 } } }],
    ['is on another disk', { nodes: [node('n1', { storeId: 'new' })] }],
  ])('one that %s is struck', (_what, given) => {
    const base = handoffBase(['n1', 'n2']);
    expect(holdersOf({ ...given, base })).toEqual(named('n2', 'n3'));
  });

  test('the last one never is', () => {
    const alone = { n1: { sequence: 9 }, n2: { needItems: 1 }, n3: { needItems: 1 } };
    expect(holdersOf({ folders: alone })).toEqual(named('n1'));
  });

  test('one of a version that does not name its database is not taken for one that lost it', () => {
    const { index: _, ...unnamed } = folder(['n2', 'n3'], { sequence: 99 });
    const replicas = [
      replica('n1', ALL, { status: { folder: unnamed } }),
      replica('n2', ALL, { status: { folder: folder(['n1', 'n3'], { needItems: 1 }) } }),
    ];
    const base = handoffBase(['n1', 'n2']);
    expect(currentBase(view({ volume: volume({ status: { base } }), replicas })).holders).toEqual(
      base.holders,
    );
    const older = { ...base, holders: base.holders.map(({ index: __, ...each }) => each) };
    expect(holdersOf({ base: older, folders: { n1: MADE_ANEW, n3: { needItems: 1 } } })).toEqual(
      named('n1', 'n2'),
    );
  });

  test('of two that fail the one whose disk is there stays', () => {
    const nodes = [node('n2', { storeId: 'new' })];
    const folders = { n1: { sequence: 4, receiveOnlyItems: 2 }, n3: { needItems: 1 } };
    expect(holdersOf({ base: handoffBase(['n1', 'n2']), nodes, folders })).toEqual(named('n1'));
  });

  test('changes strike no one out while no other holder is there that is intact', () => {
    const base = handoffBase(['n1', 'n2']);
    const folders = { n1: { receiveOnlyItems: 1 } };
    expect(holdersOf({ base, folders, nodes: [node('n2', SILENT)] })).toContain(named('n1')[0]);
    expect(holdersOf({ base, folders: { n1: { sequence: 9 } }, nodes: [node('n2', SILENT)] })).not.toContain(
      named('n1')[0],
    );
  });

  test.each<[string, Given]>([
    ['still fetches what it took back', { folders: { n1: { receiveOnlyItems: 1 }, n2: { needItems: 1 } } }],
    ['is at work', { folders: { n1: { receiveOnlyItems: 1 }, n2: { state: 'scanning' } } }],
    ['is about to repair files itself', { folders: { n1: { receiveOnlyItems: 1 } }, repairing: ['n2'] }],
  ])('changes strike no one out for the sake of another that %s', (_what, given) => {
    const seen = { base: handoffBase(['n1', 'n2']), nodes: [node('n3', SILENT)], ...given };
    expect(holdersOf(seen)).toEqual(named('n1', 'n2'));
    expect(strikeWitnesses(detached(seen))).toEqual([]);
  });

  test('another disk strikes a holder out whatever the others are', () => {
    const folders = { n2: { needItems: 1 } };
    const given = { base: handoffBase(['n1', 'n2']), folders, nodes: [node('n1', { storeId: 'new' })] };
    expect(holdersOf(given)).not.toContain(named('n1')[0]);
  });

  test('for whose sake one is struck is named, and nobody where none is', () => {
    const base = handoffBase(['n1', 'n2']);
    const changed = { n1: { receiveOnlyItems: 1 } };
    const names = (given: Given) =>
      strikeWitnesses(detached({ base, ...given })).map(({ spec }) => spec.node);
    expect(names({ folders: changed })).toEqual(['n2']);
    expect(names({})).toEqual([]);
    expect(names({ nodes: [node('n1', { storeId: 'new' })] })).toEqual([]);
    expect(names({ folders: changed, status: { grant: grantTo('n2', 2) } })).toEqual([]);
  });

  test('the last one is counted anew when its database was, once it is clean', () => {
    const others = { n2: { needItems: 1 }, n3: { needItems: 1 } };
    function sequence(given: Partial<FolderReport>): number | undefined {
      return currentBase(detached({ folders: { n1: given, ...others } })).holders[0]?.sequence;
    }
    expect(sequence({ sequence: 4 })).toBe(4);
    expect(sequence({ sequence: 4, receiveOnlyItems: 1 })).toBe(10);
    expect(sequence({ sequence: 4, scanned: false })).toBe(10);
    expect(sequence({ sequence: 14 })).toBe(10);
    expect(sequence(MADE_ANEW)).toBe(99);
    expect(sequence({ ...MADE_ANEW, needItems: 1 })).toBe(10);
  });

  test('one that does not answer, or is at work, is not judged', () => {
    const base = handoffBase(['n1', 'n2']);
    expect(holdersOf({ base, nodes: [node('n1', SILENT)] })).toEqual(named(...ALL));
    expect(holdersOf({ base, folders: { n1: { state: 'scanning', receiveOnlyItems: 2 } } })).toContain(
      named('n1')[0],
    );
  });

  test('one that is proven again comes back, on the disk it has now', () => {
    const base: Base = {
      ...handoffBase(['n2']),
      holders: [{ ...holder('n1'), storeId: 'old' }, holder('n2')],
    };
    expect(holdersOf({ base })).toEqual(named(...ALL));
  });

  test('looking again changes nothing', () => {
    const once = currentBase(detached());
    expect(currentBase(detached({ base: once }))).toEqual(once);
  });
});

describe('a copy may leave', () => {
  const base = handoffBase(ALL);
  function may(leaving: string, wanted: number, given: Given = {}): boolean {
    const seen = detached({ base, ...given });
    return decideLeave(seen, seen.volume.status.base, { node: leaving, wanted }).kind === 'may-leave';
  }

  test('when two proven copies stay behind', () => {
    expect(may('n3', 2)).toBe(true);
    expect(may('n3', 2, { base: handoffBase(['n1', 'n3']) })).toBe(false);
    expect(may('n3', 2, { folders: { n2: { needItems: 1 } } })).toBe(false);
    expect(may('n3', 2, { nodes: [node('n2', SILENT)] })).toBe(false);
  });

  test('never while a copy knows what the volume does not (rule 4)', () => {
    const empty = handoffBase([], { kind: 'empty', epoch: 0, session: 0 });
    const saw = (highestBase: number) =>
      ALL.map((name) => replica(name, ALL, { status: name === 'n1' ? { highestBase } : {} }));
    expect(may('n3', 2, { base: empty, replicas: saw(0) })).toBe(true);
    expect(may('n3', 2, { base: empty, replicas: saw(1) })).toBe(false);
  });

  test('or one where no more are wanted; never where none is', () => {
    expect(may('n3', 1, { base: handoffBase(['n1', 'n3']) })).toBe(true);
    expect(may('n3', 0)).toBe(false);
  });

  test('copies on client nodes do not count', () => {
    expect(may('n3', 2, { roles: { n2: 'client' } })).toBe(false);
  });

  test("not the writer's own, nor a second one while another is on its way", () => {
    expect(may('n3', 1, { status: { grant: grantTo('n3', 2) } })).toBe(false);
    expect(may('n3', 1, { status: { leaving: { node: 'n2', storeId: storeOf('n2') } } })).toBe(false);
  });

  test('while somebody writes, by the proof of that grant and not by the base', () => {
    const grant = grantTo('n1', 2);
    expect(may('n3', 2, { status: { grant } })).toBe(false);
    const proven = {
      epoch: 2,
      session: 1,
      sequence: 10,
      scanStartedAt: '',
      holders: [holder('n1'), holder('n2')],
    };
    expect(may('n3', 2, { status: { grant, proven } })).toBe(true);
  });

  test('any copy of an empty volume', () => {
    expect(may('n3', 0, { base: EMPTY_BASE })).toBe(true);
    expect(may('n3', 0, { base: EMPTY_BASE, status: { grant: grantTo('n1', 1) } })).toBe(false);
  });
});
