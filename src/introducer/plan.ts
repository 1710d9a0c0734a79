import type { Device, SyncthingNodeSpec } from '../desired/node.ts';
import type { NodeView } from '../desired/node-view.ts';
import { deviceConfig, sameDevice } from '../syncthing/device-config.ts';
import type { DeviceConfig, FolderConfig } from '../syncthing/config-schema.ts';

/** The local Syncthing as far as devices go. */
export interface ObservedDevices {
  readonly ownDeviceId: string;
  readonly devices: readonly DeviceConfig[];
  readonly folders: readonly FolderConfig[];
  /** By device id, the other end's address and port of each connection that stands. */
  readonly connectedTo: ReadonlyMap<string, string>;
}

export interface NamedDevice {
  /** The node whose device it is: the name under which failures are reported. */
  readonly node: string;
  readonly device: DeviceConfig;
}

export interface Fence {
  readonly kind: 'fence';
  readonly node: string;
  readonly deviceId: string;
}

/** Closes a connection that the other end has lost without a word; the change of address that follows resumes it. */
export interface Disconnect {
  readonly kind: 'disconnect';
  readonly node: string;
  readonly deviceId: string;
}

/** Several devices only when they are new: one commit of Syncthing's configuration for all. */
export interface PutDevices {
  readonly kind: 'put';
  readonly devices: readonly NamedDevice[];
}

export interface RemoveDevice {
  readonly kind: 'remove';
  readonly node: string;
  readonly deviceId: string;
}

export type IntroducerAction = Fence | Disconnect | PutDevices | RemoveDevice;

/**
 * Fences first (handoff rule 26), then dead connections, new devices, changes, removals; what failed last time comes last. Every device
 * of this Syncthing is ours but its own. Without the controller's order nothing is known, so nothing is done.
 */
export function planIntroducer(view: NodeView, observed: ObservedDevices): readonly IntroducerAction[] {
  const { order } = view;
  if (order === undefined) return [];
  const closing = [...fences({ view, order, observed }), ...deadConnections({ view, order, observed })];
  const world = { view, order, observed: withPaused(observed, closing) };
  const removing = removals(world);
  return [...closing, ...puts(world, new Set(removing.map(({ deviceId }) => deviceId))), ...removing];
}

/** What these leave behind, so that a change that follows starts from a paused device and is not made twice. */
function withPaused(observed: ObservedDevices, closing: readonly (Fence | Disconnect)[]): ObservedDevices {
  const ids = new Set(closing.map(({ deviceId }) => deviceId));
  const devices = observed.devices.map((device) =>
    ids.has(device.deviceID) ? { ...device, paused: true } : device,
  );
  return { ...observed, devices };
}

/**
 * Nodes to be fenced from which nothing can come: every device of theirs is paused and its connection closed, or there is
 * none, and an unknown device is refused.
 */
export function fencedNodes(view: NodeView, observed: ObservedDevices): readonly string[] {
  const { order } = view;
  if (order === undefined) return [];
  const open = foreign(observed).filter((device) => !isShut(observed, device));
  const reachable = new Set(open.flatMap((device) => namesOf(order, device)));
  return order.fenced.filter((node) => !reachable.has(node));
}

/** What comes over a connection that still stands is taken in, also after the device was paused. */
function isShut({ connectedTo }: ObservedDevices, { deviceID, paused }: DeviceConfig): boolean {
  return paused === true && !connectedTo.has(deviceID);
}

interface World {
  readonly view: NodeView;
  readonly order: SyncthingNodeSpec;
  readonly observed: ObservedDevices;
}

function foreign({ devices, ownDeviceId }: ObservedDevices): readonly DeviceConfig[] {
  return devices.filter((device) => device.deviceID !== ownDeviceId);
}

type Known = Pick<DeviceConfig, 'deviceID' | 'name'>;

/**
 * By the order, else by the name that it got from us: the order may have forgotten a node that is gone. Several of a
 * machine that has been renamed, the one that it has now first: what is told of one name holds for the device.
 */
function namesOf(order: SyncthingNodeSpec, { deviceID, name }: Known): readonly string[] {
  const known = order.devices.filter(({ deviceId }) => deviceId === deviceID).map(({ node }) => node);
  return known.length > 0 ? known : [name];
}

function nodeOf(order: SyncthingNodeSpec, device: Known): string {
  return namesOf(order, device)[0] ?? device.name;
}

function isToBeFenced(order: SyncthingNodeSpec, device: Known): boolean {
  return namesOf(order, device).some((node) => order.fenced.includes(node));
}

function fences({ order, observed }: World): readonly Fence[] {
  return foreign(observed)
    .filter((device) => !isShut(observed, device) && isToBeFenced(order, device))
    .map((device) => ({ kind: 'fence', node: nodeOf(order, device), deviceId: device.deviceID }));
}

function hostOf(address: string): string {
  return URL.parse(address.includes('://') ? address : `tcp://${address}`)?.hostname ?? address;
}

/**
 * Of nodes whose power was cut and whose pod has another address now. Syncthing keeps a connection of which it hears
 * nothing for 5 min, and refuses another one of the same device meanwhile. Where the address that stands there is none
 * that the node had by our word (it is translated on the way), nothing tells a dead connection from a live one.
 */
function deadConnections({ order, observed }: World): readonly Disconnect[] {
  return foreign(observed).flatMap((device) => {
    const { deviceID, addresses, paused } = device;
    const end = observed.connectedTo.get(deviceID);
    const known = order.devices.find(({ deviceId }) => deviceId === deviceID);
    if (end === undefined || known === undefined || paused || isToBeFenced(order, device)) return [];
    const isAt = (address: string): boolean => hostOf(address) === hostOf(end);
    const isDead = known.addresses.length > 0 && addresses.some(isAt) && !known.addresses.some(isAt);
    return isDead ? [{ kind: 'disconnect', node: known.node, deviceId: deviceID }] : [];
  });
}

/** Devices of whom an order says that they share a folder with this node. */
function peerIds(view: NodeView): ReadonlySet<string> {
  return new Set(view.replicas.flatMap(({ spec }) => spec.peers.map(({ deviceId }) => deviceId)));
}

function puts(world: World, removing: ReadonlySet<string>): readonly PutDevices[] {
  const { view, observed } = world;
  const existing = new Map(foreign(observed).map((device) => [device.deviceID, device]));
  const fresh = newDevices(world, existing);
  const staying = [...existing.values()].filter(({ deviceID }) => !removing.has(deviceID));
  const changes = staying.flatMap((device) => changeOf(world, device));
  function hasFailed({ node }: NamedDevice): boolean {
    return view.failedLast.includes(node);
  }
  const bulk = fresh.filter((device) => !hasFailed(device));
  const single = [
    ...changes.filter((device) => !hasFailed(device)),
    ...[...fresh, ...changes].filter(hasFailed),
  ];
  return [...(bulk.length === 0 ? [] : [bulk]), ...single.map((device) => [device])].map((devices) => ({
    kind: 'put',
    devices,
  }));
}

/**
 * Every node that the order knows, whether it shares a folder with this one or not: a connection that has to be made
 * first costs an attach 5 s and, after a few in a short time, Syncthing's cool-down of minutes. A fenced peer is added
 * too, but paused: the order that names it would never count as applied otherwise.
 */
function newDevices(
  { order, observed }: World,
  existing: ReadonlyMap<string, DeviceConfig>,
): readonly NamedDevice[] {
  return order.devices
    .filter(({ deviceId }, index, all) => all.findIndex((other) => other.deviceId === deviceId) === index)
    .filter(({ deviceId }) => deviceId !== observed.ownDeviceId)
    .filter(({ deviceId }) => !existing.has(deviceId))
    .flatMap((device) => render(order, device));
}

function changeOf({ order }: World, actual: DeviceConfig): readonly NamedDevice[] {
  const known = order.devices.find(({ deviceId }) => deviceId === actual.deviceID);
  const node = known?.node ?? actual.name;
  const [rendered] = known === undefined ? [] : render(order, known);
  const desired = rendered?.device ?? { ...actual, paused: isToBeFenced(order, actual) };
  return sameDevice(actual, desired) ? [] : [{ node, device: { ...actual, ...desired } }];
}

/** Nothing for a node without an address: Syncthing would look for it outside; an address that it had stays. */
function render(order: SyncthingNodeSpec, { node, deviceId, addresses }: Device): readonly NamedDevice[] {
  const [first, ...others] = addresses;
  if (first === undefined) return [];
  const paused = isToBeFenced(order, { deviceID: deviceId, name: node });
  return [{ node, device: deviceConfig({ deviceId, name: node, addresses: [first, ...others], paused }) }];
}

/**
 * Only of a node that is gone, after no folder, configured or ordered, lists it, and never the lock of a fence. A folder
 * that is paused since nothing names it keeps nobody: Syncthing takes the device off its list.
 */
function removals({ view, order, observed }: World): readonly RemoveDevice[] {
  const named = new Set(view.replicas.map(({ spec }) => spec.folderId));
  const inUse = observed.folders.filter(({ id, paused }) => paused !== true || named.has(id));
  const listed = new Set(inUse.flatMap((folder) => folder.devices.map(({ deviceID }) => deviceID)));
  const wanted = peerIds(view);
  const known = new Set(order.devices.map(({ deviceId }) => deviceId));
  return foreign(observed)
    .filter(({ deviceID }) => !known.has(deviceID) && !listed.has(deviceID) && !wanted.has(deviceID))
    .filter((device) => !isToBeFenced(order, device))
    .map((device) => ({ kind: 'remove' as const, node: nodeOf(order, device), deviceId: device.deviceID }));
}
