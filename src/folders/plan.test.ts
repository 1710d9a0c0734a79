import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitrarySyncthing, arbitraryView, OWN } from '../../test/builders/arbitrary-view.ts';
import {
  diskState,
  folderId,
  grantTo,
  nodeView,
  PHASES,
  replicaOrder,
} from '../../test/builders/node-view.ts';
import {
  syncthingModel,
  withDevice,
  withFolder,
  withoutFolder,
} from '../../test/builders/syncthing-model.ts';
import type { SyncthingModel } from '../../test/builders/syncthing-model.ts';
import type { NodeView, ReplicaOrder } from '../desired/node-view.ts';
import type { Base } from '../desired/volume.ts';
import type { DiskPhase } from '../handoff/disk-state.ts';
import { isComingToWrite } from '../handoff/taking.ts';
import { deviceConfig } from '../syncthing/device-config.ts';
import { folderConfig, type FolderInput } from '../syncthing/folder-config.ts';
import {
  appliedOrders,
  planResharer,
  refusedOrders,
  unscannedFolders,
  type ObservedFolders,
  type ResharerAction,
} from './plan.ts';

const A = folderId(0);
const B = folderId(1);
const peers = [{ node: 'n2', deviceId: 'D2' }];
const writer: DiskPhase = { kind: 'writer', epoch: 1, session: 1 };
const archiving: DiskPhase = { kind: 'rejoining', epoch: 1, step: 'archiving', archive: '/data/archive/x/1' };

function observed(model: SyncthingModel): ObservedFolders {
  return { ...model, deviceIds: model.devices.map(({ deviceID }) => deviceID) };
}

function applied(model: SyncthingModel, actions: readonly ResharerAction[]): SyncthingModel {
  return actions.reduce((before, action) => {
    if (action.kind === 'add') return action.folders.map(({ folder }) => folder).reduce(withFolder, before);
    return action.kind === 'put' ? withFolder(before, action.folder) : withoutFolder(before, action.folderId);
  }, model);
}

/** The devices D2 and D3, and folders. */
function having(...folders: readonly Partial<FolderInput>[]): SyncthingModel {
  const devices = ['D2', 'D3'].map((deviceId) =>
    deviceConfig({ deviceId, name: deviceId, addresses: ['tcp://10.0.0.2:22000'] }),
  );
  return folders
    .map((given) => {
      const folderId = given.folderId ?? A;
      return folderConfig({
        folderId,
        label: 'default/claim',
        path: `/data/volumes/${folderId}/sync`,
        type: 'receiveonly',
        peers: ['D2'],
        ...given,
      });
    })
    .reduce(withFolder, devices.reduce(withDevice, syncthingModel(OWN)));
}

function paused(model: SyncthingModel): SyncthingModel {
  return { ...model, folders: model.folders.map((folder) => ({ ...folder, paused: true })) };
}

/** Short forms: `add A,B`, `put A sendonly D2`, `pause and put A sendonly`, `take-out A`. */
function short(action: ResharerAction): string {
  function name(id: string): string {
    return id === A ? 'A' : 'B';
  }
  if (action.kind === 'add') return `add ${action.folders.map(({ folder }) => name(folder.id)).join()}`;
  if (action.kind === 'take-out') return `take-out ${name(action.folderId)}`;
  const { id, type, devices } = action.folder;
  const put = action.pausedFirst === undefined ? 'put' : 'pause and put';
  const clean = action.onlyClean === true ? ['if clean'] : [];
  return [put, name(id), type, ...devices.map(({ deviceID }) => deviceID), ...clean].join(' ');
}

interface Row {
  readonly name: string;
  readonly view: Partial<NodeView>;
  readonly model: SyncthingModel;
  readonly plan: readonly string[];
  /** Replicas, A for the one of volume A. */
  readonly applied?: readonly string[];
  readonly refused?: number;
  readonly unscanned?: readonly string[];
}

const orderA = replicaOrder(A, { peers });
const orderB = replicaOrder(B, { peers });
const elsewhere: Base = {
  kind: 'handoff',
  epoch: 1,
  session: 1,
  holders: [{ node: 'n2', storeId: 'store-2', sequence: 1 }],
};
const both = { replicas: [orderA, orderB], states: { [A]: diskState(A), [B]: diskState(B) } };

function asWriter(phase: DiskPhase, given: Parameters<typeof replicaOrder>[1] = {}): Partial<NodeView> {
  const order = replicaOrder(A, { peers, type: 'sendreceive', grant: grantTo('n1'), ...given });
  return { replicas: [order], states: { [A]: diskState(A, phase) } };
}

const rows: readonly Row[] = [
  { name: 'new ones in one commit', view: both, model: having(), plan: ['add A,B'], applied: [] },
  {
    name: 'as wanted already',
    view: both,
    model: having({}, { folderId: B }),
    plan: [],
    applied: ['A', 'B'],
  },
  {
    name: 'one that failed last goes alone, last',
    view: { ...both, failedLast: [orderA.name] },
    model: having(),
    plan: ['add B', 'add A'],
  },
  { name: 'not before state.json', view: { replicas: [orderA] }, model: having(), plan: [], applied: [] },
  {
    name: 'not on the disk of another store',
    view: { replicas: [orderA], states: { [A]: diskState(A, { kind: 'replica' }, 'store-2') } },
    model: having(),
    plan: [],
    refused: 1,
  },
  {
    name: 'an order for another node',
    view: { ...both, replicas: [replicaOrder(A, { node: 'n2' })] },
    model: having(),
    plan: [],
    refused: 1,
  },
  {
    name: 'an id that would lead elsewhere',
    view: { replicas: [replicaOrder('../etc')], states: { '../etc': diskState('../etc') } },
    model: having(),
    plan: [],
    refused: 1,
  },
  {
    name: 'a folder that stands elsewhere stays',
    view: both,
    model: having({ path: '/elsewhere' }, { folderId: B }),
    plan: [],
    applied: ['B'],
    refused: 1,
  },
  { name: 'the switch to writer', view: asWriter(writer), model: having({}), plan: ['put A sendonly D2'] },
  {
    name: 'not before state.json has the grant',
    view: asWriter({ kind: 'replica' }),
    model: having({}),
    plan: [],
    applied: ['A'],
  },
  {
    name: 'not in another epoch',
    view: asWriter(writer, { grant: grantTo('n1', 2) }),
    model: having({}),
    plan: [],
    applied: ['A'],
  },
  {
    name: 'the switch back',
    view: asWriter({ ...PHASES[2], kind: 'untouched', epoch: 1 }),
    model: having({ type: 'sendreceive' }),
    plan: ['put A receiveonly D2'],
  },
  {
    name: 'nothing is changed of a folder whose writer has not taken its grant yet',
    view: asWriter({ kind: 'replica' }, { peers: [] }),
    model: having({}),
    plan: [],
    applied: [],
  },
  {
    name: 'its peers go with its type',
    view: asWriter({ kind: 'taking', epoch: 1 }, { peers: [] }),
    model: having({}),
    plan: ['pause and put A sendonly'],
  },
  {
    name: 'where another store has the base, only if nothing counts as changed',
    view: asWriter({ kind: 'taking', epoch: 1 }, { base: elsewhere }),
    model: having({}),
    plan: ['put A sendonly D2 if clean'],
  },
  {
    name: 'a fence is up at once all the same',
    view: asWriter({ kind: 'replica' }, { peers: [], base: { ...elsewhere, kind: 'failover' } }),
    model: having({}),
    plan: ['pause and put A receiveonly'],
  },
  {
    name: 'a scan comes before a peer goes from a receiver',
    view: { replicas: [replicaOrder(A, { peers: [] })], states: { [A]: diskState(A) } },
    model: having({}),
    plan: [],
    applied: [],
    unscanned: [A],
  },
  {
    name: 'a switch goes before a join, a join before a leave',
    view: {
      replicas: [
        replicaOrder(B, { peers: [] }),
        replicaOrder(folderId(2), { peers }),
        replicaOrder(A, { peers, type: 'sendreceive', grant: grantTo('n1') }),
      ],
      states: { [A]: diskState(A, writer), [B]: diskState(B), [folderId(2)]: diskState(folderId(2)) },
      scanned: [B],
    },
    model: having({ folderId: B }, {}, { folderId: folderId(2), peers: [] }),
    plan: ['put A sendonly D2', 'put B receiveonly D2', 'pause and put B receiveonly'],
  },
  {
    name: 'a fence by the peers of one volume goes before a switch',
    view: {
      replicas: [
        replicaOrder(A, { peers, type: 'sendreceive', grant: grantTo('n1') }),
        replicaOrder(B, { peers, base: { kind: 'failover', epoch: 1, session: 1, holders: [] } }),
      ],
      states: { [A]: diskState(A, writer), [B]: diskState(B) },
    },
    model: having({}, { folderId: B, peers: ['D2', 'D3'] }),
    plan: ['pause and put B receiveonly D2', 'put A sendonly D2'],
  },
  {
    name: 'a peer whose device is not there yet: shared with the others, and not applied',
    view: {
      replicas: [replicaOrder(A, { peers: [...peers, { node: 'n9', deviceId: 'D9' }] })],
      states: { [A]: diskState(A) },
    },
    model: having({ peers: [] }),
    plan: ['put A receiveonly D2'],
    applied: [],
  },
  {
    name: 'a rejoin takes the folder out',
    view: { replicas: [orderA], states: { [A]: diskState(A, archiving) } },
    model: having({}),
    plan: ['take-out A'],
    applied: [],
  },
  {
    name: 'which is done when it is gone',
    view: { replicas: [orderA], states: { [A]: diskState(A, archiving) } },
    model: having(),
    plan: [],
    applied: ['A'],
  },
  {
    name: 'and not begun while it is mounted',
    view: { replicas: [orderA], states: { [A]: diskState(A, archiving) }, mounted: [A] },
    model: having({}),
    plan: [],
    refused: 1,
  },
  {
    name: 'back after the archive',
    view: { replicas: [orderA], states: { [A]: diskState(A, { ...archiving, step: 'archived' }) } },
    model: having(),
    plan: ['add A'],
  },
  {
    name: 'a removal is the deleter’s',
    view: { replicas: [replicaOrder(A, { removal: 'delete' })], states: { [A]: diskState(A) } },
    model: having({}),
    plan: [],
    applied: [],
  },
  { name: 'a folder that no order names is the deleter’s', view: {}, model: having({}), plan: [] },
];

describe('planResharer', () => {
  test.each(rows)('$name', (row) => {
    const view = nodeView(row.view);
    const plan = planResharer(view, observed(row.model));
    expect(plan.map(short)).toEqual(row.plan);
    const names = appliedOrders(view, observed(row.model)).map(({ replica }) =>
      replica === orderA.name ? 'A' : 'B',
    );
    if (row.applied !== undefined) expect(names).toEqual(row.applied);
    expect(refusedOrders(view, observed(row.model))).toHaveLength(row.refused ?? 0);
    expect(unscannedFolders(view, observed(row.model))).toEqual(row.unscanned ?? []);
  });
});

test('many new folders: a commit for each hundred', () => {
  const ids = Array.from(
    { length: 250 },
    (_, number) => `${A.slice(0, -3)}${String(number).padStart(3, '0')}`,
  );
  const states = Object.fromEntries(ids.map((id) => [id, diskState(id)]));
  const view = nodeView({ replicas: ids.map((id) => replicaOrder(id)), states });
  const sizes = planResharer(view, observed(having())).map((action) =>
    action.kind === 'add' ? action.folders.length : 0,
  );
  expect(sizes).toEqual([100, 100, 50]);
});

test('what the daemon has beside our keys is put back as it was', () => {
  const model = having({ label: 'old' });
  const theirs = model.folders.map((folder) => ({ ...folder, theirs: 7 }));
  const view = nodeView({ replicas: [orderA], states: { [A]: diskState(A) } });
  expect(planResharer(view, observed({ ...model, folders: theirs }))).toMatchObject([
    { kind: 'put', folder: { theirs: 7 } },
  ]);
});

/** For a scan, or for its writer's type. */
function waits(view: NodeView, after: ObservedFolders, { spec }: ReplicaOrder): boolean {
  const state = view.states[spec.folderId];
  const isHeld = state !== undefined && isComingToWrite(view.node, state, spec);
  return isHeld || unscannedFolders(view, after).includes(spec.folderId);
}

test('property: planning on the result of the plan gives nothing, and what is possible is applied', () => {
  fc.assert(
    fc.property(arbitraryView, arbitrarySyncthing, (view, model) => {
      const after = observed(applied(model, planResharer(view, observed(model))));
      expect(planResharer(view, after)).toEqual([]);
      const refused = new Set(refusedOrders(view, after).map(({ item }) => item));
      const possible = view.replicas.filter(({ name, spec }) => {
        const hasPeers = spec.peers.every(({ deviceId }) => after.deviceIds.includes(deviceId));
        const state = view.states[spec.folderId];
        const isArchiving = state?.phase.kind === 'rejoining' && state.phase.step === 'archiving';
        return (
          spec.removal === undefined && state !== undefined && (hasPeers || isArchiving) && !refused.has(name)
        );
      });
      const waiting = view.replicas.filter((order) => waits(view, after, order)).map(({ name }) => name);
      const standing = appliedOrders(view, after).map(({ replica }) => replica);
      expect(standing.filter((name) => !waiting.includes(name))).toEqual(
        possible.map(({ name }) => name).filter((name) => !waiting.includes(name)),
      );
    }),
    { numRuns: 500 },
  );
});

test('property: no folder goes but that of a copy that is to be archived, unmounted', () => {
  fc.assert(
    fc.property(arbitraryView, arbitrarySyncthing, (view, model) => {
      for (const action of planResharer(view, observed(model))) {
        if (action.kind !== 'take-out') continue;
        expect(view.states[action.folderId]?.phase).toMatchObject({ kind: 'rejoining', step: 'archiving' });
        expect(view.mounted).not.toContain(action.folderId);
      }
    }),
    { numRuns: 500 },
  );
});

test('one that is paused is a receiver first, since of it nothing can be seen, but not one that its pods write', () => {
  const view = nodeView(asWriter({ kind: 'taking', epoch: 1 }, { base: elsewhere }));
  const first = planResharer(view, observed(paused(having({}))));
  expect(first.map(short)).toEqual(['put A receiveonly D2']);
  const second = planResharer(view, observed(applied(paused(having({})), first)));
  expect(second.map(short)).toEqual(['put A sendonly D2 if clean']);
  const written = planResharer(nodeView(asWriter(writer)), observed(paused(having({ type: 'sendonly' }))));
  expect(written.map(short)).toEqual(['put A sendonly D2']);
});

test('property: writer type only where state.json says writer in the granted epoch, and no path elsewhere', () => {
  fc.assert(
    fc.property(arbitraryView, arbitrarySyncthing, (view, model) => {
      const plan = planResharer(view, observed(model));
      const folders = plan.flatMap((action) => {
        if (action.kind === 'add') return action.folders.map(({ folder }) => folder);
        return action.kind === 'put' ? [action.folder] : [];
      });
      for (const { id, type, path } of folders) {
        expect(path).toBe(`/data/volumes/${id}/sync`);
        if (type === 'receiveonly') continue;
        const phase = view.states[id]?.phase;
        const grant = view.replicas.find(({ spec }) => spec.folderId === id)?.spec.grant;
        expect(['taking', 'writer']).toContain(phase?.kind);
        expect(phase).toMatchObject({ epoch: grant?.epoch });
        expect(grant?.node).toBe('n1');
      }
    }),
    { numRuns: 500 },
  );
});
