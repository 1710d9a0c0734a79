import { expect, test } from 'vitest';
import { at, expelledNode, node } from '../../test/builders/volume-view.ts';
import type { SyncthingNode } from '../desired/node.ts';
import { nodeOrder } from './plan-nodes.ts';

const renamed = { deviceId: 'DEVICE-disk', storeId: 'disk' };

/** What n2 is told of the devices of others, and whom to fence. */
function told(...others: readonly SyncthingNode[]) {
  const own = node('n2');
  const { devices, fenced } = nodeOrder(own, [own, ...others], []);
  return { devices: devices.map((device) => `${device.node} ${device.deviceId}`), fenced };
}

test('of a machine that has been renamed the name by which it was heard last comes first', () => {
  const before = node('n1', { ...renamed, heartbeat: at(-60_000) });
  const now = node('n9', { ...renamed, heartbeat: at(0) });
  const other = node('n3', { deviceId: 'DEVICE-n3' });
  const devices = ['n3 DEVICE-n3', 'n9 DEVICE-disk', 'n1 DEVICE-disk'];
  expect(told(before, now, other)).toEqual({ devices, fenced: [] });
  expect(told(now, other, before)).toEqual({ devices, fenced: [] });
});

test.each([
  ['its disk', { ...renamed, deviceId: 'DEVICE-new' }],
  ['its device', { ...renamed, storeId: 'new' }],
])('a machine that a person expelled is shut out under every name, by %s', (_what, known) => {
  const expelled = expelledNode('n9', renamed);
  const ghost = node('n1', known);
  expect(told(ghost, expelled)).toEqual({ devices: [], fenced: ['n1', 'n9'] });
  expect(nodeOrder(ghost, [ghost, expelled, node('n2')], []).devices).toEqual([]);
});

test('nobody is shut out for having no disk yet, as an expelled one has none', () => {
  const none = { deviceId: '', storeId: '' };
  expect(told(node('n1', none), expelledNode('n9', none)).fenced).toEqual(['n9']);
  expect(told(node('n1'), expelledNode('n3')).fenced).toEqual(['n3']);
});
