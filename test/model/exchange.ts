/** Indexes on their way from one daemon to another: in order, in batches, each direction for itself. */
import type { Entry, FolderDatabase, RemoteIndex } from './disk.ts';
import { folderOf, isParked, sharedWith } from './global-entry.ts';
import type { ModelNode } from './model-node.ts';
import type { World } from './world.ts';

function lets(one: ModelNode, other: ModelNode): boolean {
  const device = one.disk.config.devices.find(({ deviceID }) => deviceID === other.disk.deviceId);
  return one.isOn && one.daemon.isOn && device !== undefined && !device.paused;
}

/** A connection of which at least the way from `from` to `to` works. */
export function isConnected(world: World, from: ModelNode, to: ModelNode): boolean {
  return lets(from, to) && lets(to, from) && !world.cuts.has(`${from.name}>${to.name}`);
}

/** Both ways work, so that files can be asked for. */
export function isLinked(world: World, one: ModelNode, other: ModelNode): boolean {
  return isConnected(world, one, other) && isConnected(world, other, one);
}

export function bothShare(one: ModelNode, other: ModelNode): boolean {
  if (isParked(one.disk) || isParked(other.disk)) return false;
  return (
    sharedWith(one.disk).includes(other.disk.deviceId) && sharedWith(other.disk).includes(one.disk.deviceId)
  );
}

export function sessionKey(from: ModelNode, to: ModelNode): string {
  return `${from.disk.deviceId}>${to.disk.deviceId}`;
}

/** The daemon's connections, or those of one folder, begin anew. */
export function dropSessions(world: World, node: ModelNode): void {
  for (const key of world.sent.keys())
    if (key.split('>').includes(node.disk.deviceId)) world.sent.delete(key);
}

/** Others see a flagged entry as an invalid one without a version. */
function asSent(entry: Entry): Entry {
  return entry.isFlagged ? { ...entry, version: {} } : entry;
}

/** Where the sender begins on a new connection: a peer that claims to know more than there is gets all of it again. */
function startOf(from: ModelNode, known: RemoteIndex | undefined): number {
  const { database } = from.disk;
  if (database === undefined || known?.indexId !== database.indexId) return 0;
  return known.sequence > database.sequence ? 0 : known.sequence;
}

/** What the receiver has of it already; a new index, or one that is sent whole, begins with nothing. */
function keptOf(source: FolderDatabase, known: RemoteIndex | undefined, isFull: boolean): RemoteIndex {
  if (known !== undefined && !isFull && known.indexId === source.indexId) return known;
  return { indexId: source.indexId, sequence: 0, entries: new Map() };
}

function nextBatch(source: FolderDatabase, start: number, limit: number): readonly [string, Entry][] {
  return [...source.local]
    .filter(([, entry]) => entry.sequence > start)
    .sort(([, one], [, other]) => one.sequence - other.sequence)
    .slice(0, limit);
}

interface Beginning {
  readonly start: number;
  readonly isFull: boolean;
}

function beginning(world: World, from: ModelNode, key: string, known: RemoteIndex | undefined): Beginning {
  const session = world.sent.get(key);
  const start = session ?? startOf(from, known);
  return { start, isFull: session === undefined && start === 0 };
}

function canSend(world: World, from: ModelNode, to: ModelNode): boolean {
  return folderOf(to.disk) !== undefined && isConnected(world, from, to) && bothShare(from, to);
}

/** Sends up to `limit` entries of the index; whether there were any. */
export function sendIndex(world: World, from: ModelNode, to: ModelNode, limit: number): boolean {
  const source = from.disk.database;
  const target = to.disk.database;
  if (source === undefined || target === undefined || !canSend(world, from, to)) return false;
  const known = target.remote.get(from.disk.deviceId);
  const key = sessionKey(from, to);
  const { start, isFull } = beginning(world, from, key, known);
  const before = keptOf(source, known, isFull);
  const batch = nextBatch(source, start, limit);
  const entries = new Map(before.entries);
  for (const [name, entry] of batch) entries.set(name, asSent(entry));
  const sequence = batch.at(-1)?.[1].sequence ?? start;
  world.sent.set(key, sequence);
  if (batch.length === 0 && before === known) return false;
  const after = { ...before, sequence: Math.max(before.sequence, sequence), entries };
  to.disk.database = { ...target, remote: new Map(target.remote).set(from.disk.deviceId, after) };
  return true;
}
