import fc from 'fast-check';
import type { SyncthingNodeSpec, Tombstone } from '../../src/desired/node.ts';
import type { NodeView, ReplicaOrder } from '../../src/desired/node-view.ts';
import { volumePaths } from '../../src/desired/volume-paths.ts';
import type { DiskState } from '../../src/handoff/disk-state.ts';
import { deviceConfig } from '../../src/syncthing/device-config.ts';
import { folderConfig } from '../../src/syncthing/folder-config.ts';
import { diskState, folderId, grantTo, nodeView, PHASES, replicaOrder, STORE } from './node-view.ts';
import { syncthingModel, withDevice, withFolder, type SyncthingModel } from './syncthing-model.ts';

/** A small world, so that everything meets everything: three nodes beside the own one, four volumes. */
export const OWN = 'D1';
const NODES = ['n1', 'n2', 'n3', 'n4'] as const;
const FOLDERS = [0, 1, 2, 3].map(folderId);

function deviceIdOf(node: string): string {
  return node.replace('n', 'D');
}

const someNodes = fc.subarray([...NODES]);
const someFolders = fc.subarray([...FOLDERS]);
const addresses = fc.subarray(['tcp://10.0.0.1:22000', 'tcp://10.0.0.2:22000']);
const storeId = fc.constantFrom(STORE, STORE, 'store-2');

const tombstone: fc.Arbitrary<Tombstone> = fc.record(
  {
    folderId: fc.constantFrom(...FOLDERS),
    storeId,
    onDelete: fc.constantFrom('delete' as const, 'archive' as const),
  },
  { requiredKeys: ['folderId', 'storeId'] },
);

const nodeSpec: fc.Arbitrary<SyncthingNodeSpec> = fc.record({
  fenced: someNodes,
  devices: fc
    .tuple(
      ...NODES.map((node) =>
        fc.record({ node: fc.constant(node), deviceId: fc.constant(deviceIdOf(node)), addresses }),
      ),
    )
    .chain((devices) => fc.subarray(devices)),
  tombstones: fc.array(tombstone, { maxLength: 2 }),
});

function orderOf(id: string): fc.Arbitrary<ReplicaOrder> {
  const peers = someNodes.map((nodes) => nodes.map((node) => ({ node, deviceId: deviceIdOf(node) })));
  return fc
    .record({
      peers,
      type: fc.constantFrom('sendreceive' as const, 'receiveonly' as const),
      epoch: fc.integer({ min: 1, max: 2 }),
      removal: fc.option(fc.constantFrom('leave' as const, 'delete' as const, 'archive' as const), {
        nil: undefined,
      }),
      removalConfirmed: fc.boolean(),
      grant: fc.option(fc.constantFrom(grantTo('n1', 1), grantTo('n1', 2), grantTo('n2', 1)), {
        nil: undefined,
      }),
      node: fc.constantFrom('n1', 'n1', 'n1', 'n2'),
    })
    .map(({ removal, grant, ...given }) =>
      replicaOrder(id, { ...given, ...(removal && { removal }), ...(grant && { grant }) }),
    );
}

function stateOf(id: string): fc.Arbitrary<readonly (readonly [string, DiskState])[]> {
  const some = fc
    .tuple(fc.constantFrom(...PHASES), storeId)
    .map(([phase, store]) => diskState(id, phase, store));
  return fc
    .option(some, { nil: undefined })
    .map((state) => (state === undefined ? [] : [[id, state] as const]));
}

export const arbitraryView: fc.Arbitrary<NodeView> = fc
  .record({
    order: fc.option(nodeSpec, { nil: undefined, freq: 8 }),
    replicas: someFolders.chain((ids) => fc.tuple(...ids.map(orderOf))),
    states: fc.tuple(...FOLDERS.map(stateOf)).map((entries) => Object.fromEntries(entries.flat())),
    mounted: fc.subarray([...FOLDERS], { maxLength: 2 }),
    scanned: fc.subarray([...FOLDERS]),
    failedLast: fc.subarray(['n2', 'n3', ...FOLDERS, ...FOLDERS.map((id) => `${id.slice(0, 18)}.n1`)]),
    confirmed: fc.boolean(),
  })
  .map(({ order, confirmed, ...given }) => {
    const { order: _, ...rest } = nodeView(given);
    const confirmedTombstones = confirmed ? (order?.tombstones ?? []) : [];
    return { ...rest, ...(order && { order }), confirmedTombstones };
  });

const someDevice = fc
  .record({ node: fc.constantFrom('n2', 'n3', 'n4', 'old'), paused: fc.boolean(), stale: fc.boolean() })
  .map(({ node, paused, stale }) =>
    deviceConfig({
      deviceId: node === 'old' ? 'D2-old' : deviceIdOf(node),
      name: node === 'old' || stale ? 'n2' : node,
      addresses: ['tcp://10.0.0.9:22000'],
      paused,
    }),
  );

const someFolder = fc
  .record({
    id: fc.constantFrom(...FOLDERS),
    type: fc.constantFrom('sendreceive' as const, 'receiveonly' as const),
    peers: fc.subarray(['D2', 'D3', 'D4', 'D2-old']),
    isElsewhere: fc.integer({ min: 0, max: 9 }).map((dice) => dice === 0),
  })
  .map(({ id, type, peers, isElsewhere }) => {
    const path = isElsewhere ? '/elsewhere' : (volumePaths('/data', id)?.sync ?? '');
    return folderConfig({ folderId: id, label: 'old', path, type, peers });
  });

const someConnection = fc.tuple(
  fc.constantFrom('D2', 'D3', 'D4', 'D2-old'),
  fc.constantFrom('10.0.0.9:22000', '10.0.0.2:40000', '192.168.0.1:40000'),
);

/** What an earlier life may have left behind. */
export const arbitrarySyncthing: fc.Arbitrary<SyncthingModel> = fc
  .tuple(
    fc.array(someDevice, { maxLength: 4 }),
    fc.array(someFolder, { maxLength: 4 }),
    fc.array(someConnection, { maxLength: 3 }),
  )
  .map(([devices, folders, connections]) => {
    const known = folders.reduce(withFolder, devices.reduce(withDevice, syncthingModel(OWN)));
    const open = new Set(known.devices.flatMap(({ deviceID, paused }) => (paused ? [] : [deviceID])));
    return { ...known, connectedTo: new Map(connections.filter(([deviceId]) => open.has(deviceId))) };
  });

/** Directories under `volumes/`. */
export const arbitraryVolumes: fc.Arbitrary<readonly string[]> = fc.subarray([...FOLDERS, 'lost+found']);
