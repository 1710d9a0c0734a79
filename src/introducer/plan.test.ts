import fc from 'fast-check';
import { expect, test } from 'vitest';
import { arbitrarySyncthing, arbitraryView, OWN } from '../../test/builders/arbitrary-view.ts';
import { folderId, nodeView, replicaOrder } from '../../test/builders/node-view.ts';
import {
  syncthingModel,
  withDevice,
  withFolder,
  withoutDevice,
} from '../../test/builders/syncthing-model.ts';
import type { SyncthingModel } from '../../test/builders/syncthing-model.ts';
import type { Device, SyncthingNodeSpec } from '../desired/node.ts';
import { deviceConfig, type DeviceInput } from '../syncthing/device-config.ts';
import { folderConfig } from '../syncthing/folder-config.ts';
import { fencedNodes, planIntroducer, type IntroducerAction } from './plan.ts';

function applied(model: SyncthingModel, actions: readonly IntroducerAction[]): SyncthingModel {
  return actions.reduce((before, action) => {
    if (action.kind === 'put') return action.devices.map(({ device }) => device).reduce(withDevice, before);
    if (action.kind === 'remove') return withoutDevice(before, action.deviceId);
    const device = before.devices.find(({ deviceID }) => deviceID === action.deviceId);
    const left = [...before.connectedTo].filter(([deviceId]) => deviceId !== action.deviceId);
    const closed = { ...before, connectedTo: new Map(left) };
    return device === undefined ? closed : withDevice(closed, { ...device, paused: true });
  }, model);
}

const n2: Device = { node: 'n2', deviceId: 'D2', addresses: ['tcp://10.0.0.2:22000'] };
const n3: Device = { node: 'n3', deviceId: 'D3', addresses: ['tcp://10.0.0.3:22000'] };
const own: Device = { node: 'n1', deviceId: OWN, addresses: ['tcp://10.0.0.1:22000'] };
const shared = replicaOrder(folderId(0), { peers: [n2, n3] });

function ordered(given: Partial<SyncthingNodeSpec>): SyncthingNodeSpec {
  return { fenced: [], devices: [own, n2, n3], tombstones: [], ...given };
}

function having(...devices: readonly Partial<DeviceInput>[]): SyncthingModel {
  const known = { deviceId: 'D2', name: 'n2', addresses: ['tcp://10.0.0.2:22000'] } as const;
  return devices
    .map((device) => deviceConfig({ ...known, ...device }))
    .reduce(withDevice, syncthingModel(OWN));
}

function connected(model: SyncthingModel, address: string): SyncthingModel {
  return { ...model, connectedTo: new Map([['D2', address]]) };
}

/** Short forms: `fence n2`, `put n2,n3`, `remove n2`. */
function short(action: IntroducerAction): string {
  const nodes =
    action.kind === 'put'
      ? action.devices.map(({ node, device }) => (device.paused ? `${node}(paused)` : node))
      : [action.node];
  return `${action.kind} ${nodes.join()}`;
}

const with3 = { deviceId: 'D3', name: 'n3', addresses: ['tcp://10.0.0.3:22000'] } as const;

test.each([
  {
    name: 'new ones in one commit',
    view: { replicas: [shared] },
    order: {},
    model: having(),
    plan: ['put n2,n3'],
  },
  {
    name: 'who shares nothing yet is added too: the connection is there when a volume needs it',
    view: {},
    order: {},
    model: having(),
    plan: ['put n2,n3'],
  },
  { name: 'who shares nothing any more stays', view: {}, order: {}, model: having({}, with3), plan: [] },
  {
    name: 'one that failed last time goes alone, last',
    view: { replicas: [shared], failedLast: ['n2'] },
    order: {},
    model: having(),
    plan: ['put n3', 'put n2'],
  },
  {
    name: 'an address that changed',
    view: { replicas: [shared] },
    order: {},
    model: having({ addresses: ['tcp://10.9.9.9:22000'] }, with3),
    plan: ['put n2'],
  },
  {
    name: 'an address that changed under a connection: it is dead, and keeps the next one out',
    view: { replicas: [shared] },
    order: {},
    model: connected(having({ addresses: ['tcp://10.9.9.9:22000'] }, with3), '10.9.9.9:40000'),
    plan: ['disconnect n2', 'put n2'],
  },
  {
    name: 'an address that changed, and the connection is a new one already',
    view: { replicas: [shared] },
    order: {},
    model: connected(having({ addresses: ['tcp://10.9.9.9:22000'] }, with3), '10.0.0.2:40000'),
    plan: ['put n2'],
  },
  {
    name: 'an address that changed, and the connection shows one that somebody between gave it',
    view: { replicas: [shared] },
    order: {},
    model: connected(having({ addresses: ['tcp://10.9.9.9:22000'] }, with3), '192.168.0.1:40000'),
    plan: ['put n2'],
  },
  {
    name: 'the same address in another form',
    view: { replicas: [shared] },
    order: { devices: [own, { ...n2, addresses: ['tcp://[fd00::2]:22000'] }, n3] },
    model: connected(having({ addresses: ['tcp://[fd00:0:0::2]:22000'] }, with3), '[fd00::2]:40000'),
    plan: ['put n2'],
  },
  {
    name: 'a fence closes a dead connection as well, and the new address stays behind it',
    view: { replicas: [shared] },
    order: { fenced: ['n2'] },
    model: connected(having({ addresses: ['tcp://10.9.9.9:22000'] }, with3), '10.9.9.9:40000'),
    plan: ['fence n2', 'put n2(paused)'],
  },
  {
    name: 'a node without an address is not added, and keeps the one that it had',
    view: { replicas: [shared] },
    order: {
      devices: [
        { ...n2, addresses: [] },
        { ...n3, addresses: [] },
      ],
    },
    model: having({}),
    plan: [],
  },
  {
    name: 'a fence comes before everything',
    view: { replicas: [shared] },
    order: { fenced: ['n2'] },
    model: having({}),
    plan: ['fence n2', 'put n3'],
  },
  {
    name: 'a fence of any name that its machine had',
    view: { replicas: [shared] },
    order: {
      devices: [own, n2, n3, { ...n2, node: 'n9', addresses: ['tcp://10.9.9.9:22000'] }],
      fenced: ['n9'],
    },
    model: having({}, with3),
    plan: ['fence n2'],
  },
  {
    name: 'a fence whose connection still stands is waited for once more',
    view: { replicas: [shared] },
    order: { fenced: ['n2'] },
    model: connected(having({ paused: true }, with3), '10.0.0.2:22000'),
    plan: ['fence n2'],
  },
  {
    name: 'a fenced peer that is not there yet comes paused',
    view: { replicas: [shared] },
    order: { fenced: ['n2'] },
    model: having(with3),
    plan: ['put n2(paused)'],
  },
  {
    name: 'a fence of a node that the order does not list any more',
    view: {},
    order: { devices: [], fenced: ['n2'] },
    model: having({}),
    plan: ['fence n2'],
  },
  {
    name: 'a fence that is lifted',
    view: { replicas: [shared] },
    order: {},
    model: having({ paused: true }, with3),
    plan: ['put n2'],
  },
  {
    name: 'a fence keeps a device that nothing lists',
    view: {},
    order: { devices: [own, n3], fenced: ['n2'] },
    model: having({ paused: true }, with3),
    plan: [],
  },
  {
    name: 'who is gone goes',
    view: {},
    order: { devices: [own, n3] },
    model: having({}, with3),
    plan: ['remove n2'],
  },
  {
    name: 'not while a folder lists it',
    view: {},
    order: { devices: [own, n3] },
    model: withFolder(
      having({}, with3),
      folderConfig({ folderId: 'x', label: '', path: '/x', type: 'receiveonly', peers: ['D2'] }),
    ),
    plan: [],
  },
  {
    name: 'but while one lists it that is paused, since nothing names it',
    view: {},
    order: { devices: [own, n3] },
    model: withFolder(having({}, with3), {
      ...folderConfig({ folderId: 'x', label: '', path: '/x', type: 'receiveonly', peers: ['D2'] }),
      paused: true,
    }),
    plan: ['remove n2'],
  },
  {
    name: 'a node made anew: the new device, and the old one goes',
    view: { replicas: [shared] },
    order: {},
    model: having({ deviceId: 'D2-old' }, with3),
    plan: ['put n2', 'remove n2'],
  },
])('$name', ({ view, order, model, plan }) => {
  expect(planIntroducer(nodeView({ ...view, order: ordered(order) }), model).map(short)).toEqual(plan);
});

test('without the order of the controller nothing is known, so nothing is done', () => {
  const { order: _, ...view } = nodeView();
  expect(planIntroducer(view, having({}))).toEqual([]);
  expect(fencedNodes(view, having({ paused: true }))).toEqual([]);
});

test('what the daemon has beside our keys is put back as it was', () => {
  const model = withDevice(having(), {
    ...having({ paused: true }).devices[1],
    deviceID: 'D2',
    name: 'n2',
    addresses: [],
    paused: true,
    theirs: 7,
  });
  const [action] = planIntroducer(
    nodeView({ order: ordered({}), replicas: [shared], failedLast: ['n3'] }),
    model,
  );
  expect(action).toMatchObject({
    kind: 'put',
    devices: [{ device: { deviceID: 'D2', theirs: 7, paused: false } }],
  });
});

test('fenced is who cannot come in: paused, or unknown', () => {
  const view = nodeView({ order: ordered({ fenced: ['n2', 'n3', 'n4'] }) });
  expect(fencedNodes(view, having({ paused: true }, with3))).toEqual(['n2', 'n4']);
});

test('property: planning on the result of the plan gives nothing, and every fence stands', () => {
  fc.assert(
    fc.property(arbitraryView, arbitrarySyncthing, (view, model) => {
      const after = applied(model, planIntroducer(view, model));
      expect(planIntroducer(view, after)).toEqual([]);
      for (const { deviceID, paused } of after.devices)
        if (paused) expect(after.connectedTo.has(deviceID)).toBe(false);
      const fenced = view.order?.fenced.filter((node) => node !== view.node) ?? [];
      expect(fencedNodes(view, after)).toEqual(expect.arrayContaining(fenced));
      expect(after.devices.find(({ deviceID }) => deviceID === OWN)).toBe(
        model.devices.find(({ deviceID }) => deviceID === OWN),
      );
    }),
    { numRuns: 500 },
  );
});

test('property: no folder loses a device, and none that an order needs is removed', () => {
  fc.assert(
    fc.property(arbitraryView, arbitrarySyncthing, (view, model) => {
      const plan = planIntroducer(view, model);
      expect(applied(model, plan).folders).toEqual(model.folders);
      const needed = new Set(view.replicas.flatMap(({ spec }) => spec.peers.map(({ deviceId }) => deviceId)));
      for (const action of plan) if (action.kind === 'remove') expect(needed).not.toContain(action.deviceId);
      const firstOther = plan.findIndex(({ kind }) => kind !== 'fence');
      expect(plan.findLastIndex(({ kind }) => kind === 'fence')).toBeLessThan(
        firstOther === -1 ? Infinity : firstOther,
      );
    }),
    { numRuns: 500 },
  );
});
