import { beforeAll, describe, expect, test } from 'vitest';
import type { SyncthingReplica } from '../../../src/desired/replica.ts';
import type { KubernetesClient, WatchEvent, WatchOptions } from '../../../src/kubernetes/client.ts';
import {
  type ResourceKind,
  SYNCTHING_NODES,
  SYNCTHING_REPLICAS,
  SYNCTHING_VOLUMES,
} from '../../../src/kubernetes/resource-kind.ts';
import { expectKind, inTime, unique } from './contract-tools.ts';
import { nodeSpec, replicaSpec, replicaStatus, volumeSpec } from './sample-resources.ts';

/** Collects the events of a watch until there are so many. */
async function firstEvents(
  client: KubernetesClient,
  kind: ResourceKind<unknown>,
  options: Omit<WatchOptions, 'signal'>,
  wanted: number,
): Promise<readonly WatchEvent[]> {
  const events: WatchEvent[] = [];
  for await (const event of client.watch(kind, { ...options, signal: AbortSignal.timeout(20_000) })) {
    if (event.type !== 'bookmark') events.push(event);
    if (events.length === wanted) break;
  }
  return events;
}

function replicaOn(client: KubernetesClient, node: string): Promise<SyncthingReplica> {
  return client.create(SYNCTHING_REPLICAS, { name: unique('r'), spec: { ...replicaSpec, node } }, inTime());
}

/** The part of the contract that is about watches; `connected` is asked once the tests run. */
export function describeWatching(connected: () => KubernetesClient): void {
  describe('watching', () => {
    let client: KubernetesClient;
    beforeAll(() => {
      client = connected();
    });
    test('tells every change after the list, in order', async () => {
      const node = unique('node');
      const fields = { 'spec.node': node };
      const { resourceVersion } = await client.list(SYNCTHING_REPLICAS, { fields }, inTime());
      const created = await replicaOn(client, node);
      await replicaOn(client, unique('node'));
      await client.replaceStatus(SYNCTHING_REPLICAS, created, replicaStatus, inTime());
      await client.delete(SYNCTHING_REPLICAS, { name: created.name }, inTime());
      const events = await firstEvents(client, SYNCTHING_REPLICAS, { fields, resourceVersion }, 3);
      expect(events.map((event) => event.type)).toEqual(['added', 'modified', 'deleted']);
      expect(events.map((event) => SYNCTHING_REPLICAS.parse(event.object).name)).toEqual([
        created.name,
        created.name,
        created.name,
      ]);
      const versions = events.map((event) => Number(event.resourceVersion));
      expect(versions).toEqual(versions.toSorted((a, b) => a - b));
    });

    test('goes on from the version of an event', async () => {
      const { resourceVersion } = await client.list(SYNCTHING_NODES, {}, inTime());
      const name = unique('n');
      const created = await client.create(SYNCTHING_NODES, { name, spec: nodeSpec }, inTime());
      const [first] = await firstEvents(client, SYNCTHING_NODES, { resourceVersion }, 1);
      await client.replaceSpec(SYNCTHING_NODES, created, { ...nodeSpec, fenced: [] }, inTime());
      const [second] = await firstEvents(
        client,
        SYNCTHING_NODES,
        { resourceVersion: first?.resourceVersion ?? '' },
        1,
      );
      expect(second?.type).toBe('modified');
      expect(SYNCTHING_NODES.parse(second?.object).spec.fenced).toEqual([]);
    });

    test('says deleted when the object leaves the selection, and added when it comes', async () => {
      const labels = { phase: unique('phase') };
      const { resourceVersion } = await client.list(SYNCTHING_VOLUMES, { labels }, inTime());
      const target = {
        name: (await client.create(SYNCTHING_VOLUMES, { name: unique('v'), spec: volumeSpec }, inTime()))
          .name,
      };
      await client.mergePatch(SYNCTHING_VOLUMES, target, { metadata: { labels } }, inTime());
      await client.mergePatch(
        SYNCTHING_VOLUMES,
        target,
        { metadata: { labels: { phase: 'over' } } },
        inTime(),
      );
      const events = await firstEvents(client, SYNCTHING_VOLUMES, { labels, resourceVersion }, 2);
      expect(events.map((event) => event.type)).toEqual(['added', 'deleted']);
    });

    test('waits for what comes, and is given up by its signal', async () => {
      const giveUp = new AbortController();
      const { resourceVersion } = await client.list(SYNCTHING_NODES, {}, inTime());
      const watch = client
        .watch(SYNCTHING_NODES, { resourceVersion, signal: giveUp.signal })
        [Symbol.asyncIterator]();
      const coming = watch.next();
      await client.create(SYNCTHING_NODES, { name: unique('n'), spec: nodeSpec }, inTime());
      expect(await coming).toMatchObject({ done: false, value: { type: 'added' } });
      const next = watch.next();
      giveUp.abort();
      await expectKind(next, 'aborted');
    });
  });
}
