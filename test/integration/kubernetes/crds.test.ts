import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SyncthingVolume, SyncthingVolumeStatus } from '../../../src/desired/volume.ts';
import type { CallOptions, KubernetesClient } from '../../../src/kubernetes/client.ts';
import { connectKubernetes, type Connection } from '../../../src/kubernetes/connect-kubernetes.ts';
import {
  SYNCTHING_NODES,
  SYNCTHING_REPLICAS,
  SYNCTHING_VOLUMES,
} from '../../../src/kubernetes/resource-kind.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { type ApiServer, startApiServer } from './api-server.ts';
import { applyCrds } from './crds.ts';
import {
  nodeSpec,
  nodeStatus,
  readVolumeStatus,
  replicaSpec,
  replicaStatus,
  volumeSpec,
  volumeStatus,
} from './sample-resources.ts';

const namespace = 'default';
let server: ApiServer;
let connection: Connection;
let client: KubernetesClient;

beforeAll(async () => {
  server = await startApiServer();
  await applyCrds(server);
  connection = await connectKubernetes({
    namespace,
    kubeconfig: server.kubeconfig,
    environment: {},
    clock: systemClock,
    userAgent: 'test',
  });
  client = connection.client;
});
afterAll(async () => {
  await connection?.[Symbol.asyncDispose]();
  await server?.stop();
});

function inTime(): CallOptions {
  return { signal: AbortSignal.timeout(20_000) };
}

let serial = 0;
function name(): string {
  serial += 1;
  return `x-${serial}`;
}

describe('the schema of a volume', () => {
  async function volumeAt(status: SyncthingVolumeStatus): Promise<SyncthingVolume> {
    const created = await client.create(SYNCTHING_VOLUMES, { name: name(), spec: volumeSpec }, inTime());
    return await client.replaceStatus(SYNCTHING_VOLUMES, created, status, inTime());
  }
  async function refusedStatus(
    before: SyncthingVolumeStatus,
    after: object,
    complaint: RegExp,
  ): Promise<void> {
    const volume = await volumeAt(before);
    const patch = JSON.stringify({ status: after });
    await expect(
      server.kubectl(['patch', 'stvol', volume.name, '--subresource=status', '--type=merge', '-p', patch]),
    ).rejects.toThrow(complaint);
    expect((await client.get(SYNCTHING_VOLUMES, volume.name, inTime())).status).toEqual(before);
  }

  test('lets no epoch fall', () =>
    refusedStatus({ ...volumeStatus, epoch: 9 }, { epoch: 8 }, /epoch never falls/));
  test('keeps readers, and lets none be beside a grant', async () => {
    expect((await volumeAt(readVolumeStatus)).status).toEqual(readVolumeStatus);
    await refusedStatus(
      readVolumeStatus,
      { grant: volumeStatus.grant },
      /readers and a grant exclude each other/,
    );
  });
  test('lets no status go, which would let the epoch fall', async () => {
    const volume = await volumeAt(volumeStatus);
    const patch = JSON.stringify([{ op: 'remove', path: '/status' }]);
    await expect(
      server.kubectl(['patch', 'stvol', volume.name, '--subresource=status', '--type=json', '-p', patch]),
    ).rejects.toThrow(/cannot be removed/);
  });
  test('lets no grant be above the epoch', () =>
    refusedStatus(volumeStatus, { grant: { epoch: 5 } }, /grant's epoch/));
  test('lets no base be above the epoch', () =>
    refusedStatus(volumeStatus, { base: { epoch: 5 } }, /base's epoch/));
  test.each([
    [{ base: { kind: 'other' } }, /status\.base\.kind/],
    [{ epoch: -1 }, /status\.epoch/],
    [{ epoch: 4.5 }, /status\.epoch/],
    [{ replicatedThrough: 'yesterday' }, /status\.replicatedThrough/],
    [
      {
        conditions: [
          {
            type: 'Ready',
            status: 'Maybe',
            reason: 'R',
            message: '',
            lastTransitionTime: '2026-01-02T03:04:05Z',
          },
        ],
      },
      /status\.conditions/,
    ],
    [{ stale: [{ node: 'n1' }] }, /status\.stale/],
  ])('refuses the status %j', (after, complaint) => refusedStatus(volumeStatus, after, complaint));

  test.each([
    [{ requestName: 'other' }, /requestName is immutable/],
    [{ access: 'eventual' }, /access is immutable/],
    [{ deletion: null }, /deletion cannot be taken back/],
    [{ replicas: 0 }, /spec\.replicas/],
    [{ onDelete: 'shred' }, /spec\.onDelete/],
    [{ capacityBytes: -1 }, /spec\.capacityBytes/],
    [{ parameters: { a: 1 } }, /spec\.parameters/],
    [{ claim: { namespace: null } }, /spec\.claim\.namespace/],
  ])('refuses the change %j', async (change, complaint) => {
    const spec = { ...volumeSpec, deletion: { requestedAt: '2026-01-02T03:04:05Z' } };
    const volume = await client.create(SYNCTHING_VOLUMES, { name: name(), spec }, inTime());
    await expect(client.mergePatch(SYNCTHING_VOLUMES, volume, { spec: change }, inTime())).rejects.toThrow(
      complaint,
    );
  });

  test('lets no volume that many write take in a directory', async () => {
    const { source: _, ...spec } = { ...volumeSpec, access: 'eventual' as const };
    await client.create(SYNCTHING_VOLUMES, { name: name(), spec }, inTime());
    const draft = { name: name(), spec: { ...volumeSpec, access: 'eventual' as const } };
    await expect(client.create(SYNCTHING_VOLUMES, draft, inTime())).rejects.toThrow(/has access exclusive/);
  });

  test.each(['requestName', 'capacityBytes', 'access', 'onDelete', 'parameters'])(
    'wants %s',
    async (field) => {
      const spec = Object.fromEntries(Object.entries(volumeSpec).filter(([key]) => key !== field));
      const object = {
        apiVersion: 'syncthing-csi.io/v1alpha1',
        kind: 'SyncthingVolume',
        metadata: { name: name() },
        spec,
      };
      await expect(server.kubectl(['create', '-f', '-'], JSON.stringify(object))).rejects.toThrow(
        new RegExp(`spec\\.${field}: Required`),
      );
    },
  );
});

describe('the schema of a replica', () => {
  test.each([
    [{ volume: 'other' }, /volume is immutable/],
    [{ folderId: 'other' }, /folderId is immutable/],
    [{ node: 'n2' }, /node is immutable/],
    [{ epoch: 3 }, /epoch never falls/],
    [{ grant: { epoch: 5 } }, /grant's epoch/],
    [{ role: 'spare' }, /spec\.role/],
    [{ type: 'sendonly' }, /spec\.type/],
    [{ removal: 'now' }, /spec\.removal/],
  ])('refuses the change %j', async (change, complaint) => {
    const replica = await client.create(SYNCTHING_REPLICAS, { name: name(), spec: replicaSpec }, inTime());
    await expect(client.mergePatch(SYNCTHING_REPLICAS, replica, { spec: change }, inTime())).rejects.toThrow(
      complaint,
    );
  });

  test.each(['../../etc', 'a/b', '', 'A', '-a'])('refuses the folder id %j', async (folderId) => {
    const draft = { name: name(), spec: { ...replicaSpec, folderId } };
    await expect(client.create(SYNCTHING_REPLICAS, draft, inTime())).rejects.toThrow(/spec\.folderId/);
  });

  test('lets a node report whatever it sees, a fallen epoch included', async () => {
    const replica = await client.create(SYNCTHING_REPLICAS, { name: name(), spec: replicaSpec }, inTime());
    await client.replaceStatus(SYNCTHING_REPLICAS, replica, replicaStatus, inTime());
    const fallen = { ...replicaStatus, storeId: 'another', epoch: 0, highestEpoch: 0 };
    expect(
      (await client.replaceStatus(SYNCTHING_REPLICAS, { name: replica.name }, fallen, inTime())).status,
    ).toEqual(fallen);
  });
});

describe('the schema of a node', () => {
  test('keeps what a tombstone says of the bytes, and lets it say nothing', async () => {
    const created = await client.create(SYNCTHING_NODES, { name: name(), spec: nodeSpec }, inTime());
    expect((await client.get(SYNCTHING_NODES, created.name, inTime())).spec).toEqual(nodeSpec);
  });

  test('refuses a tombstone that says something else', async () => {
    const node = await client.create(SYNCTHING_NODES, { name: name(), spec: nodeSpec }, inTime());
    const tombstones = nodeSpec.tombstones.map((tombstone) => ({ ...tombstone, onDelete: 'shred' }));
    const change = client.mergePatch(SYNCTHING_NODES, node, { spec: { tombstones } }, inTime());
    await expect(change).rejects.toThrow(/spec\.tombstones\[0\]\.onDelete/);
  });
});

test('kubectl shows what a person looks for', async () => {
  const volume = await client.create(SYNCTHING_VOLUMES, { name: 'v-show', spec: volumeSpec }, inTime());
  await client.replaceStatus(SYNCTHING_VOLUMES, volume, volumeStatus, inTime());
  const replica = await client.create(SYNCTHING_REPLICAS, { name: 'v-show.n1', spec: replicaSpec }, inTime());
  await client.replaceStatus(SYNCTHING_REPLICAS, replica, replicaStatus, inTime());
  const node = await client.create(SYNCTHING_NODES, { name: 'n1', spec: nodeSpec }, inTime());
  await client.replaceStatus(SYNCTHING_NODES, node, nodeStatus, inTime());
  async function shown(short: string, each: string): Promise<string> {
    return (await server.kubectl(['get', short, each])).replaceAll(/ +/g, ' ');
  }
  expect(await shown('stvol', 'v-show')).toMatch(
    /NAME CLAIM ACCESS WRITER WRITERS EPOCH READY REPLICATED THROUGH AGE\s+v-show data exclusive n1 4 True /,
  );
  const shared = { ...readVolumeStatus, writing: 'n1, n3' };
  await client.replaceStatus(SYNCTHING_VOLUMES, { name: 'v-show' }, shared, inTime());
  expect(await shown('stvol', 'v-show')).toMatch(/v-show data exclusive n1, n3 4 /);
  expect(await shown('strep', 'v-show.n1')).toMatch(
    /NAME VOLUME NODE ROLE STATE PHASE NEED ITEMS SEEN AGE\s+v-show.n1 v-a+ n1 data idle flushing 2048 1 /,
  );
  expect(await shown('stnode', 'n1')).toMatch(
    /NAME LABELLED UNFIT FREE SYNCTHING HEARTBEAT AGE\s+n1 true disk full 549755813888 true /,
  );
});
