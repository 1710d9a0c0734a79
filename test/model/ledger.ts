/** Every write that a pod made, and which state of the files is acknowledged (docs/handoff.md, "Words"). */
import type { Tree } from './disk.ts';

/** `content` 0 is a deletion. A rename is a deletion and a write of the same content. */
export interface Write {
  readonly name: string;
  readonly content: number;
  readonly node: string;
  readonly storeId: string;
  readonly epoch: number;
  /** Made by a session that a failover had ended already. */
  readonly isFenced: boolean;
}

/** The files at the beginning of a scan, and how many writes there had been. */
export interface Snapshot {
  readonly files: ReadonlyMap<string, number>;
  readonly writes: number;
  /** How many there had been at its end: what was deleted until then is part of what was proven. */
  covered: number;
  readonly epoch: number;
}

export interface Ledger {
  readonly writes: Write[];
  /** Contents that no other disk may ever get. */
  readonly fenced: Map<number, string>;
  readonly lostEpochs: Set<number>;
  /** By the start of the scan, RFC 3339. */
  readonly scans: Map<string, Snapshot>;
  /** The files when a session was ended by state.json, by `epoch/session`. */
  readonly releases: Map<string, Snapshot>;
  acknowledged: Snapshot;
  /** `name=content` of files that were deleted before the writer's Syncthing lost its database (handoff rule 16). */
  readonly mayReappear: Set<string>;
  /** Stores whose database was lost and that no scan has rebuilt. */
  readonly lostDatabases: Set<string>;
  /** Those of them that decide alone what the volume has, so that others' older files come in again. */
  readonly forgetful: Set<string>;
  /** Stores whose copy was ordered to leave, by the volume's status. */
  readonly left: Set<string>;
  /** By store: the contents that its copy had as a rejoin began, and that have to be somewhere on its disk. */
  readonly leftBehind: Map<string, ReadonlySet<number>>;
  isDeletionOrdered: boolean;
  /** The API server has an older state than the nodes. */
  isRestored: boolean;
  /** Nodes that were ever given up as a whole. */
  readonly lostNodes: Set<string>;
  /** `storeId since` of readers that the volume let go while their pods went on, since their nodes were lost. */
  readonly lostReadings: Set<string>;
  /** `storeId since` of readers whose Syncthing lost its database: what was deleted before may come in again. */
  readonly unsureReadings: Set<string>;
  /** The API was restored to a state from before a grant: which lineage counts is for a person to say (rule 4). */
  isAmbiguous: boolean;
}

export function newLedger(): Ledger {
  return {
    writes: [],
    fenced: new Map(),
    lostEpochs: new Set(),
    scans: new Map(),
    releases: new Map(),
    acknowledged: { files: new Map(), writes: 0, covered: 0, epoch: 0 },
    mayReappear: new Set(),
    lostDatabases: new Set(),
    forgetful: new Set(),
    left: new Set(),
    leftBehind: new Map(),
    isDeletionOrdered: false,
    isRestored: false,
    lostNodes: new Set(),
    lostReadings: new Set(),
    unsureReadings: new Set(),
    isAmbiguous: false,
  };
}

export function contentsOf(tree: Tree | undefined): Map<string, number> {
  const contents = new Map<string, number>();
  for (const [name, file] of tree ?? []) if (!file.isDirectory) contents.set(name, file.content);
  return contents;
}

function snapshot(ledger: Ledger, tree: Tree | undefined, epoch: number): Snapshot {
  const writes = ledger.writes.length;
  return { files: contentsOf(tree), writes, covered: writes, epoch };
}

export function noteScan(ledger: Ledger, startedAt: string, tree: Tree | undefined, epoch: number): void {
  ledger.scans.set(startedAt, snapshot(ledger, tree, epoch));
}

export function noteScanEnd({ scans, writes }: Ledger, startedAt: string): void {
  const scan = scans.get(startedAt);
  if (scan !== undefined) scan.covered = writes.length;
}

export interface Session {
  readonly epoch: number;
  readonly session: number;
}

export function noteRelease(ledger: Ledger, { epoch, session }: Session, tree: Tree | undefined): void {
  ledger.releases.set(`${epoch}/${session}`, snapshot(ledger, tree, epoch));
}

/** A proof: what was there when its scan began. */
export function acknowledge(ledger: Ledger, startedAt: string): void {
  raise(ledger, ledger.scans.get(startedAt));
}

/** The end of a grant with proof: what was there then. */
export function acknowledgeEnd(ledger: Ledger, { epoch, session }: Session): void {
  raise(ledger, ledger.releases.get(`${epoch}/${session}`));
}

function raise(ledger: Ledger, found: Snapshot | undefined): void {
  if (found === undefined) return;
  if (found.epoch > ledger.acknowledged.epoch || found.writes >= ledger.acknowledged.writes)
    ledger.acknowledged = found;
}

/**
 * What is wrong with these files as what the next pod is to read: each has to be what was acknowledged, or what was
 * written to it later.
 */
export function unreadable(ledger: Ledger, files: ReadonlyMap<string, number>): readonly string[] {
  const { acknowledged, writes } = ledger;
  const names = new Set([...files.keys(), ...acknowledged.files.keys()]);
  return [...names].flatMap((name) => {
    const found = files.get(name) ?? 0;
    const expected = acknowledged.files.get(name) ?? 0;
    if (found === expected || isLater(ledger, name, found)) return [];
    if (expected === 0 && ledger.mayReappear.has(`${name}=${found}`)) return [];
    return [`${name}: ${found} instead of ${expected} (${writes.length} writes)`];
  });
}

/** One node knows no more of what was deleted: a copy that still has such a file gives it back. */
export function forgetDeletions({ writes, mayReappear }: Ledger): void {
  const deleted = new Set(writes.filter(({ content }) => content === 0).map(({ name }) => name));
  for (const { name, content } of writes) if (deleted.has(name)) mayReappear.add(`${name}=${content}`);
}

/** A deletion that was never proven, by a writer that was lost, is undone (handoff rule 28). */
function isLater(ledger: Ledger, name: string, content: number): boolean {
  const { acknowledged, writes } = ledger;
  return writes.some((write, index) => {
    if (index < acknowledged.writes || write.name !== name || write.content !== content) return false;
    return !write.isFenced && !isUndone(ledger, write, index);
  });
}

function isUndone({ acknowledged, lostEpochs }: Ledger, { content, epoch }: Write, index: number): boolean {
  return content === 0 && lostEpochs.has(epoch) && index >= acknowledged.covered;
}
