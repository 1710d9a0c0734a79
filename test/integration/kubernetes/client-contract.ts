import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectKind, inTime, unique } from './contract-tools.ts';
import type { KubernetesClient } from '../../../src/kubernetes/client.ts';
import {
  EVENTS,
  LEASES,
  SYNCTHING_NODES,
  SYNCTHING_REPLICAS,
  SYNCTHING_VOLUMES,
} from '../../../src/kubernetes/resource-kind.ts';
import { INITIAL_VOLUME_STATUS } from '../../../src/kubernetes/resources.ts';
import {
  nodeSpec,
  nodeStatus,
  replicaSpec,
  replicaStatus,
  volumeSpec,
  volumeStatus,
} from './sample-resources.ts';
import { describeWatching } from './watch-contract.ts';

export interface ContractSubject extends AsyncDisposable {
  readonly client: KubernetesClient;
}

/** What a KubernetesClient does, whichever it is. */
export function describeClientContract(name: string, connect: () => Promise<ContractSubject>): void {
  describe(`the contract of a Kubernetes client: ${name}`, () => {
    let subject: ContractSubject;
    let client: KubernetesClient;
    beforeAll(async () => {
      subject = await connect();
      client = subject.client;
    });
    afterAll(() => subject?.[Symbol.asyncDispose]());

    async function createVolume() {
      return await client.create(
        SYNCTHING_VOLUMES,
        { name: unique('v'), labels: { app: 'contract' }, spec: volumeSpec },
        inTime(),
      );
    }
    async function createReplica(node: string, finalizers: readonly string[] = []) {
      return await client.create(
        SYNCTHING_REPLICAS,
        { name: unique('r'), finalizers, spec: { ...replicaSpec, node } },
        inTime(),
      );
    }

    describe('reading back', () => {
      test('gives a volume as it was made, with its first status', async () => {
        const created = await createVolume();
        expect(created).toMatchObject({
          generation: 1,
          finalizers: [],
          spec: volumeSpec,
          status: INITIAL_VOLUME_STATUS,
        });
        expect(created.volumeId).toBe(`${created.name}-${created.uid.replaceAll('-', '').slice(0, 12)}`);
        expect(await client.get(SYNCTHING_VOLUMES, created.name, inTime())).toEqual(created);
      });

      test('loses no field of a volume', async () => {
        const created = await createVolume();
        const updated = await client.replaceStatus(SYNCTHING_VOLUMES, created, volumeStatus, inTime());
        expect(updated.status).toEqual(volumeStatus);
        expect(updated.generation).toBe(1);
      });

      test('loses no field of a replica', async () => {
        const created = await createReplica('n1');
        const updated = await client.replaceStatus(SYNCTHING_REPLICAS, created, replicaStatus, inTime());
        expect(updated).toMatchObject({ spec: { ...replicaSpec, node: 'n1' }, status: replicaStatus });
      });

      test('loses no field of a node', async () => {
        const created = await client.create(SYNCTHING_NODES, { name: unique('n'), spec: nodeSpec }, inTime());
        const updated = await client.replaceStatus(SYNCTHING_NODES, created, nodeStatus, inTime());
        expect(updated).toMatchObject({ spec: nodeSpec, status: nodeStatus });
      });

      test('lists by label, in full, with a version to watch from', async () => {
        const label = unique('list');
        const names = [unique('v'), unique('v'), unique('v')];
        for (const each of names)
          await client.create(
            SYNCTHING_VOLUMES,
            { name: each, labels: { label }, spec: volumeSpec },
            inTime(),
          );
        const list = await client.list(SYNCTHING_VOLUMES, { labels: { label } }, inTime());
        expect(list.items.map((item) => item.name).toSorted()).toEqual(names.toSorted());
        expect(list.unreadable).toEqual([]);
        expect(Number(list.resourceVersion)).toBeGreaterThan(0);
      });

      test('lists replicas of one node by the field', async () => {
        const node = unique('node');
        const mine = await createReplica(node);
        await createReplica(unique('node'));
        const list = await client.list(SYNCTHING_REPLICAS, { fields: { 'spec.node': node } }, inTime());
        expect(list.items).toEqual([mine]);
      });
    });

    describe('writing', () => {
      test('a spec counts the generation up and drops what the new one lacks', async () => {
        const created = await createVolume();
        const { replicas: _replicas, claim: _claim, ...less } = volumeSpec;
        const updated = await client.replaceSpec(SYNCTHING_VOLUMES, created, less, inTime());
        expect(updated.spec).toEqual(less);
        expect(updated.generation).toBe(2);
      });

      test('a status drops what the new one lacks and leaves the spec alone', async () => {
        const created = await createVolume();
        await client.replaceStatus(SYNCTHING_VOLUMES, created, volumeStatus, inTime());
        const less = {
          epoch: 5,
          readers: [],
          published: [],
          writers: [],
          base: volumeStatus.base,
          stale: [],
          conditions: [],
        };
        const updated = await client.replaceStatus(SYNCTHING_VOLUMES, { name: created.name }, less, inTime());
        expect(updated.status).toEqual(less);
        expect(updated.spec).toEqual(volumeSpec);
      });

      test('a stale version is a conflict, for spec and status', async () => {
        const stale = await createVolume();
        await client.replaceStatus(SYNCTHING_VOLUMES, stale, volumeStatus, inTime());
        await expectKind(
          client.replaceStatus(SYNCTHING_VOLUMES, stale, { ...volumeStatus, epoch: 9 }, inTime()),
          'conflict',
        );
        await expectKind(
          client.replaceSpec(SYNCTHING_VOLUMES, stale, { ...volumeSpec, capacityBytes: 1 }, inTime()),
          'conflict',
        );
        await expectKind(client.delete(SYNCTHING_VOLUMES, stale, inTime()), 'conflict');
      });

      test('without a version the last one wins, and another uid is a conflict', async () => {
        const { name, uid } = await createReplica('n1');
        await client.replaceSpec(SYNCTHING_REPLICAS, { name, uid }, { ...replicaSpec, epoch: 8 }, inTime());
        const reported = await client.replaceStatus(
          SYNCTHING_REPLICAS,
          { name, uid },
          replicaStatus,
          inTime(),
        );
        expect(reported.spec.epoch).toBe(8);
        const other = { name, uid: '00000000-0000-4000-8000-00000000dead' };
        await expectKind(
          client.replaceStatus(SYNCTHING_REPLICAS, other, replicaStatus, inTime()),
          'conflict',
        );
        await expectKind(
          client.replaceSpec(SYNCTHING_REPLICAS, other, { ...replicaSpec, epoch: 9 }, inTime()),
          'conflict',
        );
        await expectKind(client.replaceFinalizers(SYNCTHING_REPLICAS, other, [], inTime()), 'conflict');
        await expectKind(
          client.mergePatch(SYNCTHING_REPLICAS, other, { spec: { epoch: 9 } }, inTime()),
          'conflict',
        );
      });

      test('the same again changes no version', async () => {
        const created = await createVolume();
        const once = await client.replaceStatus(SYNCTHING_VOLUMES, created, volumeStatus, inTime());
        const twice = await client.replaceStatus(
          SYNCTHING_VOLUMES,
          { name: created.name },
          volumeStatus,
          inTime(),
        );
        expect(twice.resourceVersion).toBe(once.resourceVersion);
      });

      test('a merge patch changes what it names, null removes', async () => {
        const created = await createVolume();
        const patched = await client.mergePatch(
          SYNCTHING_VOLUMES,
          created,
          { spec: { replicas: null, deletion: { requestedAt: '2026-01-02T03:04:05Z' } } },
          inTime(),
        );
        const { replicas: _replicas, ...less } = volumeSpec;
        expect(patched.spec).toEqual({ ...less, deletion: { requestedAt: '2026-01-02T03:04:05Z' } });
        await expectKind(
          client.mergePatch(SYNCTHING_VOLUMES, created, { spec: { replicas: 3 } }, inTime()),
          'conflict',
        );
      });

      test('the main resource does not change the status, nor the status the spec', async () => {
        const created = await createVolume();
        const patched = await client.mergePatch(
          SYNCTHING_VOLUMES,
          { name: created.name },
          { status: volumeStatus },
          inTime(),
        );
        expect(patched.status).toEqual(INITIAL_VOLUME_STATUS);
      });

      test('a name twice already exists, a name that is not there is not found', async () => {
        const created = await createVolume();
        await expectKind(
          client.create(SYNCTHING_VOLUMES, { name: created.name, spec: volumeSpec }, inTime()),
          'already-exists',
        );
        const target = { name: unique('missing') };
        await expectKind(client.get(SYNCTHING_VOLUMES, target.name, inTime()), 'not-found');
        await expectKind(client.replaceSpec(SYNCTHING_VOLUMES, target, volumeSpec, inTime()), 'not-found');
        await expectKind(
          client.replaceStatus(SYNCTHING_VOLUMES, target, volumeStatus, inTime()),
          'not-found',
        );
        await expectKind(client.delete(SYNCTHING_VOLUMES, target, inTime()), 'not-found');
      });

      test('what the schema does not allow is invalid', async () => {
        const created = await createVolume();
        await expectKind(
          client.mergePatch(SYNCTHING_VOLUMES, created, { spec: { access: 'shared' } }, inTime()),
          'invalid',
        );
        await expectKind(
          client.mergePatch(SYNCTHING_VOLUMES, created, { spec: { replicas: 0 } }, inTime()),
          'invalid',
        );
      });

      test('a signal that has fired is aborted, and nothing is written', async () => {
        const name = unique('v');
        const signal = AbortSignal.abort();
        await expectKind(client.create(SYNCTHING_VOLUMES, { name, spec: volumeSpec }, { signal }), 'aborted');
        await expectKind(client.get(SYNCTHING_VOLUMES, name, inTime()), 'not-found');
      });
    });

    describe('deleting', () => {
      test('is at once without finalizers', async () => {
        const created = await createReplica('n1');
        await client.delete(SYNCTHING_REPLICAS, created, inTime());
        await expectKind(client.get(SYNCTHING_REPLICAS, created.name, inTime()), 'not-found');
      });

      test('waits for the last finalizer', async () => {
        const finalizer = 'syncthing-csi.io/bytes';
        const created = await createReplica('n1', [finalizer]);
        await client.delete(SYNCTHING_REPLICAS, { name: created.name }, inTime());
        const going = await client.get(SYNCTHING_REPLICAS, created.name, inTime());
        expect(going).toMatchObject({ finalizers: [finalizer], generation: 2 });
        expect(Date.parse(going.deletionTimestamp ?? '')).toBeGreaterThan(0);
        await client.delete(SYNCTHING_REPLICAS, { name: created.name }, inTime());
        await expectKind(
          client.replaceFinalizers(
            SYNCTHING_REPLICAS,
            going,
            [finalizer, 'syncthing-csi.io/other'],
            inTime(),
          ),
          'invalid',
        );
        await client.replaceFinalizers(SYNCTHING_REPLICAS, going, [], inTime());
        await expectKind(client.get(SYNCTHING_REPLICAS, created.name, inTime()), 'not-found');
      });

      test('spares another object of the same name', async () => {
        const created = await createReplica('n1');
        await expectKind(
          client.delete(
            SYNCTHING_REPLICAS,
            { name: created.name, uid: '00000000-0000-4000-8000-00000000dead' },
            inTime(),
          ),
          'conflict',
        );
        expect(await client.get(SYNCTHING_REPLICAS, created.name, inTime())).toEqual(created);
      });
    });

    describeWatching(() => client);

    describe('leases and events', () => {
      test('a lease is made once and swapped by its version', async () => {
        const spec = {
          holderIdentity: 'a',
          leaseDurationSeconds: 15,
          acquireTime: '2026-01-02T03:04:05.678000Z',
          renewTime: '2026-01-02T03:04:05.678000Z',
          leaseTransitions: 0,
        };
        const created = await client.create(LEASES, { name: unique('lease'), spec }, inTime());
        expect(created.spec).toEqual(spec);
        const taken = await client.replaceSpec(LEASES, created, { ...spec, holderIdentity: 'b' }, inTime());
        expect(taken.spec.holderIdentity).toBe('b');
        await expectKind(
          client.replaceSpec(LEASES, created, { ...spec, holderIdentity: 'c' }, inTime()),
          'conflict',
        );
      });

      test('an event is made and found beside its object', async () => {
        const name = unique('event');
        const involvedObject = {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          namespace: 'default',
          name: 'data',
          uid: 'u',
        };
        const body = {
          involvedObject,
          type: 'Warning',
          reason: 'NoDataNode',
          message: 'label a node',
          count: 1,
        };
        await client.createEvent({ name, namespace: 'default', body }, inTime());
        const event = await client.get(EVENTS, name, { ...inTime(), namespace: 'default' });
        expect(event).toMatchObject({
          involved: involvedObject,
          type: 'Warning',
          reason: 'NoDataNode',
          message: 'label a node',
          count: 1,
        });
        const again = await client.mergePatch(
          EVENTS,
          { name },
          { count: 7 },
          { ...inTime(), namespace: 'default' },
        );
        expect(again.count).toBe(7);
      });
    });
  });
}
