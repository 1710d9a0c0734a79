/** Our three kinds as they come from the API server, parsed into the domain's types (src/desired). */
import * as z from 'zod/mini';
import type {
  Device,
  SyncthingNode,
  SyncthingNodeSpec,
  SyncthingNodeStatus,
  Tombstone,
  Wanted,
} from '../desired/node.ts';
import type {
  FolderReport,
  PeerReport,
  ReaderReport,
  ReplicaPeer,
  ScrubStatus,
  SyncthingReplica,
  SyncthingReplicaSpec,
  SyncthingReplicaStatus,
  WriterReport,
} from '../desired/replica.ts';
import { volumeIdOf } from '../desired/volume-id.ts';
import type {
  Base,
  Conflicts,
  Grant,
  Holder,
  Proof,
  PublishedNode,
  Right,
  StaleCopy,
  SyncthingVolume,
  SyncthingVolumeSpec,
  SyncthingVolumeStatus,
  VolumeWishes,
} from '../desired/volume.ts';
import { conditionSchema, count, identityOf, metadataSchema, parseObject } from './object-schema.ts';

const text = z.string();
const texts = z._default(z.array(text), []);

const holder: z.ZodMiniType<Holder> = z.object({
  node: text,
  storeId: text,
  sequence: count,
  index: z.exactOptional(text),
});
const grant: z.ZodMiniType<Grant> = z.object({ epoch: count, node: text, storeId: text, since: text });
const right: z.ZodMiniType<Right> = z.object({ node: text, storeId: text, since: text });
const publishedNode: z.ZodMiniType<PublishedNode> = z.object({ node: text, since: text });
const conflicts: z.ZodMiniType<Conflicts> = z.object({ count, names: texts });
const base: z.ZodMiniType<Base> = z.object({
  kind: z.enum(['empty', 'seed', 'handoff', 'failover', 'shared']),
  epoch: count,
  session: count,
  holders: z._default(z.array(holder), []),
  provenThrough: z.exactOptional(text),
  heldBefore: z.exactOptional(count),
  since: z.exactOptional(text),
});
const proof: z.ZodMiniType<Proof> = z.object({
  epoch: count,
  session: count,
  sequence: count,
  scanStartedAt: text,
  scanFinishedAt: z.exactOptional(text),
  holders: z._default(z.array(holder), []),
});
const staleCopy: z.ZodMiniType<StaleCopy> = z.object({ node: text, storeId: text, epoch: count });

const onDelete = z.enum(['delete', 'archive']);
const volumeSpec: z.ZodMiniType<SyncthingVolumeSpec> = z.object({
  requestName: text,
  capacityBytes: count,
  replicas: z.exactOptional(z.int().check(z.positive())),
  access: z.enum(['exclusive', 'eventual']),
  onDelete,
  failover: z.exactOptional(z.enum(['manual', 'automatic'])),
  claim: z.exactOptional(z.object({ namespace: text, name: text })),
  source: z.exactOptional(z.object({ node: text, directory: text })),
  parameters: z._default(z.record(text, text), {}),
  forceDetach: z.exactOptional(z.object({ epoch: count, acceptLoss: z.exactOptional(z.boolean()) })),
  deletion: z.exactOptional(z.object({ requestedAt: text })),
});

/** What a volume's status is until the controller writes the first: nothing granted, nothing known to exist. */
export const INITIAL_VOLUME_STATUS: SyncthingVolumeStatus = {
  epoch: 0,
  readers: [],
  published: [],
  writers: [],
  base: { kind: 'empty', epoch: 0, session: 0, holders: [] },
  stale: [],
  conditions: [],
};

const volumeStatus: z.ZodMiniType<SyncthingVolumeStatus> = z.object({
  epoch: count,
  grant: z.exactOptional(grant),
  readers: z._default(z.array(right), []),
  published: z._default(z.array(publishedNode), []),
  writers: z._default(z.array(right), []),
  writing: z.exactOptional(text),
  conflicts: z.exactOptional(conflicts),
  base,
  proven: z.exactOptional(proof),
  replicatedThrough: z.exactOptional(text),
  leaving: z.exactOptional(z.object({ node: text, storeId: text })),
  stale: z._default(z.array(staleCopy), []),
  conditions: z._default(z.array(conditionSchema), []),
});

const peer: z.ZodMiniType<ReplicaPeer> = z.object({ node: text, deviceId: text });
const folderType = z.enum(['sendreceive', 'receiveonly']);
const replicaSpec: z.ZodMiniType<SyncthingReplicaSpec> = z.object({
  volume: text,
  folderId: text,
  node: text,
  label: text,
  role: z.enum(['data', 'client']),
  epoch: count,
  type: folderType,
  peers: z._default(z.array(peer), []),
  base,
  grant: z.exactOptional(grant),
  reader: z.exactOptional(right),
  access: z.exactOptional(z.literal('eventual')),
  writer: z.exactOptional(right),
  proven: z.exactOptional(z.object({ epoch: count, session: count, sequence: count })),
  rejoin: z.exactOptional(z.object({ epoch: count })),
  removal: z.exactOptional(z.enum(['leave', 'delete', 'archive'])),
  importFrom: z.exactOptional(text),
  mayRevert: z.exactOptional(z.literal(true)),
  scrub: z.exactOptional(z.object({ requestedAt: text })),
});

const peerReport: z.ZodMiniType<PeerReport> = z.object({
  node: text,
  deviceId: text,
  connected: z.boolean(),
  knownSequence: count,
  remoteNeedEmpty: z.boolean(),
});
const folderReport: z.ZodMiniType<FolderReport> = z.object({
  state: text,
  type: folderType,
  sequence: count,
  needItems: count,
  needBytes: count,
  receiveOnlyItems: count,
  errors: count,
  messages: texts,
  scanned: z.boolean(),
  index: z.exactOptional(text),
  peers: z._default(z.array(peerReport), []),
});
const writerReport: z.ZodMiniType<WriterReport> = z.object({
  epoch: count,
  right: z.exactOptional(text),
  session: count,
  phase: z.enum(['attached', 'flushing', 'released', 'untouched']),
  since: text,
  switched: z.boolean(),
  uncarried: z.exactOptional(texts),
  scan: z.exactOptional(
    z.object({
      epoch: count,
      session: count,
      sequence: count,
      startedAt: text,
      finishedAt: z.exactOptional(text),
      afterUnmount: z.boolean(),
    }),
  ),
});
const scrubStatus: z.ZodMiniType<ScrubStatus> = z.object({
  startedAt: z.exactOptional(text),
  finishedAt: z.exactOptional(text),
  files: count,
  bytes: count,
  skipped: z._default(count, 0),
  repaired: count,
  differing: count,
  names: texts,
  running: z.exactOptional(
    z.object({ startedAt: text, files: count, bytes: count, repairing: z._default(count, 0) }),
  ),
  failing: z.exactOptional(z.object({ since: text, message: text })),
});
const readerReport: z.ZodMiniType<ReaderReport> = z.object({
  since: text,
  phase: z.enum(['reading', 'ended']),
});
const replicaStatus: z.ZodMiniType<SyncthingReplicaStatus> = z.object({
  storeId: text,
  epoch: count,
  highestEpoch: count,
  highestBase: z.exactOptional(count),
  generation: count,
  folder: z.exactOptional(folderReport),
  writer: z.exactOptional(writerReport),
  reader: z.exactOptional(readerReport),
  rejoin: z.exactOptional(
    z.object({
      epoch: count,
      step: z.enum(['archived', 'done']),
      archive: z.exactOptional(text),
      earlier: z.exactOptional(z.array(text)),
    }),
  ),
  scrubbed: z.exactOptional(scrubStatus),
  conflicts: z.exactOptional(conflicts),
  mounts: texts,
  removed: z.boolean(),
  message: z.exactOptional(text),
  observedAt: text,
});

const device: z.ZodMiniType<Device> = z.object({ node: text, deviceId: text, addresses: texts });
const tombstone: z.ZodMiniType<Tombstone> = z.object({
  folderId: text,
  storeId: text,
  onDelete: z.exactOptional(onDelete),
});
const nodeSpec: z.ZodMiniType<SyncthingNodeSpec> = z.object({
  expelled: z.exactOptional(z.boolean()),
  fenced: texts,
  devices: z._default(z.array(device), []),
  tombstones: z._default(z.array(tombstone), []),
});
const wanted: z.ZodMiniType<Wanted> = z.object({
  volume: text,
  volumeId: text,
  since: text,
  reads: z.exactOptional(z.literal(true)),
  base: z.exactOptional(z.object({ epoch: count, session: count })),
});
const nodeStatus: z.ZodMiniType<SyncthingNodeStatus> = z.object({
  deviceId: text,
  addresses: texts,
  storeId: text,
  heartbeat: text,
  labelled: z.boolean(),
  unfit: z.exactOptional(text),
  capacity: z.object({ totalBytes: count, freeBytes: count }),
  wanted: z._default(z.array(wanted), []),
  fenced: texts,
  tombstonesDone: texts,
  orphans: texts,
  syncthing: z.object({ ready: z.boolean(), version: text, message: z.exactOptional(text) }),
});

const SCRUB_NOW = 'syncthing-csi.io/scrub-now';
const LEAVE_WITHOUT_SCRUB = 'syncthing-csi.io/leave-without-scrub';

const volume = z.object({
  metadata: z.extend(metadataSchema, { annotations: z._default(z.record(text, text), {}) }),
  spec: volumeSpec,
  status: z.exactOptional(volumeStatus),
});
const replica = z.object({
  metadata: metadataSchema,
  spec: replicaSpec,
  status: z.exactOptional(replicaStatus),
});
const node = z.object({ metadata: metadataSchema, spec: nodeSpec, status: z.exactOptional(nodeStatus) });

export function parseVolume(raw: unknown): SyncthingVolume {
  const { metadata, spec, status } = parseObject(volume, 'SyncthingVolume', raw);
  const volumeId = volumeIdOf(metadata.name, metadata.uid);
  const wishes = wishesOf(metadata.annotations);
  return {
    ...identityOf(metadata),
    volumeId,
    spec,
    status: status ?? INITIAL_VOLUME_STATUS,
    ...(wishes !== undefined && { wishes }),
  };
}

/** An annotation that says something else is as good as none: it may be anybody's. */
function wishesOf(annotations: Readonly<Record<string, string>>): VolumeWishes | undefined {
  const scrubAt = Date.parse(annotations[SCRUB_NOW] ?? '');
  const leaveWithoutScrub = annotations[LEAVE_WITHOUT_SCRUB] === 'true';
  if (Number.isNaN(scrubAt) && !leaveWithoutScrub) return undefined;
  return {
    ...(!Number.isNaN(scrubAt) && { scrubAt: new Date(scrubAt).toISOString() }),
    ...(leaveWithoutScrub && { leaveWithoutScrub }),
  };
}

export function parseReplica(raw: unknown): SyncthingReplica {
  const { metadata, ...halves } = parseObject(replica, 'SyncthingReplica', raw);
  return { ...identityOf(metadata), ...halves };
}

export function parseNode(raw: unknown): SyncthingNode {
  const { metadata, ...halves } = parseObject(node, 'SyncthingNode', raw);
  return { ...identityOf(metadata), ...halves };
}
