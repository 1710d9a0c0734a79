/** Our three kinds as they come from the API server, parsed into the domain's types (src/desired). */
import { z } from 'zod';
import type {
  Device,
  SyncthingNode,
  SyncthingNodeSpec,
  SyncthingNodeStatus,
  Wanted,
} from '../desired/node.ts';
import type {
  FolderReport,
  PeerReport,
  ReplicaPeer,
  SyncthingReplica,
  SyncthingReplicaSpec,
  SyncthingReplicaStatus,
  WriterReport,
} from '../desired/replica.ts';
import { volumeIdOf } from '../desired/volume-id.ts';
import type {
  Base,
  Grant,
  Holder,
  Proof,
  StaleCopy,
  SyncthingVolume,
  SyncthingVolumeSpec,
  SyncthingVolumeStatus,
} from '../desired/volume.ts';
import { conditionSchema, count, identityOf, metadataSchema, parseObject } from './object-schema.ts';

const text = z.string();
const texts = z.array(text).default([]);

const holder: z.ZodType<Holder> = z.object({ node: text, storeId: text, sequence: count });
const grant: z.ZodType<Grant> = z.object({ epoch: count, node: text, storeId: text, since: text });
const base: z.ZodType<Base> = z.object({
  kind: z.enum(['empty', 'seed', 'handoff', 'failover']),
  epoch: count,
  session: count,
  holders: z.array(holder).default([]),
});
const proof: z.ZodType<Proof> = z.object({
  epoch: count,
  session: count,
  sequence: count,
  scanStartedAt: text,
  holders: z.array(holder).default([]),
});
const staleCopy: z.ZodType<StaleCopy> = z.object({ node: text, storeId: text, epoch: count });

const volumeSpec: z.ZodType<SyncthingVolumeSpec> = z.object({
  requestName: text,
  capacityBytes: count,
  replicas: z.int().positive().exactOptional(),
  access: z.enum(['exclusive', 'eventual']),
  onDelete: z.enum(['delete', 'archive']),
  claim: z.object({ namespace: text, name: text }).exactOptional(),
  parameters: z.record(text, text).default({}),
  deletion: z.object({ requestedAt: text }).exactOptional(),
});

/** What a volume's status is until the controller writes the first: nothing granted, nothing known to exist. */
export const INITIAL_VOLUME_STATUS: SyncthingVolumeStatus = {
  epoch: 0,
  base: { kind: 'empty', epoch: 0, session: 0, holders: [] },
  stale: [],
  conditions: [],
};

const volumeStatus: z.ZodType<SyncthingVolumeStatus> = z.object({
  epoch: count,
  grant: grant.exactOptional(),
  base,
  proven: proof.exactOptional(),
  replicatedThrough: text.exactOptional(),
  leaving: z.object({ node: text, storeId: text }).exactOptional(),
  stale: z.array(staleCopy).default([]),
  conditions: z.array(conditionSchema).default([]),
});

const peer: z.ZodType<ReplicaPeer> = z.object({ node: text, deviceId: text });
const folderType = z.enum(['sendreceive', 'receiveonly']);
const replicaSpec: z.ZodType<SyncthingReplicaSpec> = z.object({
  volume: text,
  folderId: text,
  node: text,
  label: text,
  role: z.enum(['data', 'client']),
  epoch: count,
  type: folderType,
  peers: z.array(peer).default([]),
  base,
  grant: grant.exactOptional(),
  proven: z.object({ epoch: count, session: count, sequence: count }).exactOptional(),
  rejoin: z.object({ epoch: count }).exactOptional(),
  removal: z.enum(['leave', 'delete', 'archive']).exactOptional(),
});

const peerReport: z.ZodType<PeerReport> = z.object({
  node: text,
  deviceId: text,
  connected: z.boolean(),
  knownSequence: count,
  remoteNeedEmpty: z.boolean(),
});
const folderReport: z.ZodType<FolderReport> = z.object({
  state: text,
  type: folderType,
  sequence: count,
  needItems: count,
  needBytes: count,
  receiveOnlyItems: count,
  errors: count,
  messages: texts,
  scanned: z.boolean(),
  peers: z.array(peerReport).default([]),
});
const writerReport: z.ZodType<WriterReport> = z.object({
  epoch: count,
  session: count,
  phase: z.enum(['attached', 'flushing', 'released', 'untouched']),
  since: text,
  switched: z.boolean(),
  scan: z
    .object({ epoch: count, session: count, sequence: count, startedAt: text, afterUnmount: z.boolean() })
    .exactOptional(),
});
const replicaStatus: z.ZodType<SyncthingReplicaStatus> = z.object({
  storeId: text,
  epoch: count,
  highestEpoch: count,
  generation: count,
  folder: folderReport.exactOptional(),
  writer: writerReport.exactOptional(),
  rejoin: z
    .object({ epoch: count, step: z.enum(['archived', 'done']), archive: text.exactOptional() })
    .exactOptional(),
  mounts: texts,
  removed: z.boolean(),
  message: text.exactOptional(),
  observedAt: text,
});

const device: z.ZodType<Device> = z.object({ node: text, deviceId: text, addresses: texts });
const nodeSpec: z.ZodType<SyncthingNodeSpec> = z.object({
  fenced: texts,
  devices: z.array(device).default([]),
  tombstones: z.array(z.object({ folderId: text, storeId: text })).default([]),
});
const wanted: z.ZodType<Wanted> = z.object({
  volume: text,
  volumeId: text,
  since: text,
  base: z.object({ epoch: count, session: count }).exactOptional(),
});
const nodeStatus: z.ZodType<SyncthingNodeStatus> = z.object({
  deviceId: text,
  addresses: texts,
  storeId: text,
  heartbeat: text,
  labelled: z.boolean(),
  unfit: text.exactOptional(),
  capacity: z.object({ totalBytes: count, freeBytes: count }),
  wanted: z.array(wanted).default([]),
  fenced: texts,
  tombstonesDone: texts,
  orphans: texts,
  syncthing: z.object({ ready: z.boolean(), version: text, message: text.exactOptional() }),
});

const volume = z.object({ metadata: metadataSchema, spec: volumeSpec, status: volumeStatus.exactOptional() });
const replica = z.object({
  metadata: metadataSchema,
  spec: replicaSpec,
  status: replicaStatus.exactOptional(),
});
const node = z.object({ metadata: metadataSchema, spec: nodeSpec, status: nodeStatus.exactOptional() });

export function parseVolume(raw: unknown): SyncthingVolume {
  const { metadata, spec, status } = parseObject(volume, 'SyncthingVolume', raw);
  const volumeId = volumeIdOf(metadata.name, metadata.uid);
  return { ...identityOf(metadata), volumeId, spec, status: status ?? INITIAL_VOLUME_STATUS };
}

export function parseReplica(raw: unknown): SyncthingReplica {
  const { metadata, ...halves } = parseObject(replica, 'SyncthingReplica', raw);
  return { ...identityOf(metadata), ...halves };
}

export function parseNode(raw: unknown): SyncthingNode {
  const { metadata, ...halves } = parseObject(node, 'SyncthingNode', raw);
  return { ...identityOf(metadata), ...halves };
}
