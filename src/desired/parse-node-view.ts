import * as z from 'zod/mini';
import { diskState } from './disk-state-schema.ts';
import type { SyncthingNodeSpec } from './node.ts';
import type { NodeView, ReplicaOrder } from './node-view.ts';
import type { SyncthingReplicaSpec } from './replica.ts';
import type { Base, Grant, Right } from './volume.ts';

/** zod/mini: a helper is a process of its own, and the classic interface costs it a megabyte. */
const text = z.string();
const count = z.int().check(z.nonnegative());
const texts = z.readonly(z.array(text));
const textMap = z.readonly(z.record(text, text));

const holder = z.object({ node: text, storeId: text, sequence: count, index: z.exactOptional(text) });
const base: z.ZodMiniType<Base> = z.object({
  kind: z.enum(['empty', 'seed', 'handoff', 'failover', 'shared']),
  epoch: count,
  session: count,
  holders: z.readonly(z.array(holder)),
  provenThrough: z.exactOptional(text),
  heldBefore: z.exactOptional(count),
  since: z.exactOptional(text),
});
const grant: z.ZodMiniType<Grant> = z.object({ epoch: count, node: text, storeId: text, since: text });
const right: z.ZodMiniType<Right> = z.object({ node: text, storeId: text, since: text });

const replicaSpec: z.ZodMiniType<SyncthingReplicaSpec> = z.object({
  volume: text,
  folderId: text,
  node: text,
  label: text,
  role: z.enum(['data', 'client']),
  epoch: count,
  type: z.enum(['sendreceive', 'receiveonly']),
  peers: z.readonly(z.array(z.object({ node: text, deviceId: text }))),
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

const replicaOrder: z.ZodMiniType<ReplicaOrder> = z.object({
  name: text,
  uid: text,
  generation: count,
  spec: replicaSpec,
  removalConfirmed: z.boolean(),
});

const tombstone = z.object({
  folderId: text,
  storeId: text,
  onDelete: z.exactOptional(z.enum(['delete', 'archive'])),
});
const tombstones = z.readonly(z.array(tombstone));
const nodeSpec: z.ZodMiniType<SyncthingNodeSpec> = z.object({
  fenced: texts,
  devices: z.readonly(z.array(z.object({ node: text, deviceId: text, addresses: texts }))),
  tombstones,
});

const nodeView: z.ZodMiniType<NodeView> = z.object({
  node: text,
  driverName: text,
  storeId: text.check(z.minLength(1)),
  hostDataDir: text.check(z.startsWith('/', 'must be an absolute path')),
  syncthing: z.object({ socketPath: text, apiKeyFile: text }),
  labels: textMap,
  storageLabel: text,
  order: z.exactOptional(nodeSpec),
  replicas: z.readonly(z.array(replicaOrder)),
  unreadable: texts,
  states: z.readonly(z.record(text, diskState)),
  mounted: texts,
  scanned: texts,
  confirmedTombstones: tombstones,
  budgetMs: count,
  failedLast: texts,
  trashGraceMs: count,
});

/** The view that `node` writes to a helper's stdin. Throws one Error naming the first fields that are wrong. */
export function parseNodeView(json: string): NodeView {
  const parsed = z.safeParse(nodeView, fromJson(json));
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join('.') || 'view'}: ${issue.message}`);
  throw new Error(`the view on stdin cannot be used: ${faults.join('; ')}`);
}

function fromJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw new Error(
      'the view on stdin is not JSON; give a saved view, for example `introducer < view.json`',
      {
        cause: error,
      },
    );
  }
}
