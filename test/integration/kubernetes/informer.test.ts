import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SyncthingNode } from '../../../src/desired/node.ts';
import { connectKubernetes, type Connection } from '../../../src/kubernetes/connect-kubernetes.ts';
import { createInformer } from '../../../src/kubernetes/informer.ts';
import { LEASES, SYNCTHING_NODES } from '../../../src/kubernetes/resource-kind.ts';
import { leadWhile } from '../../../src/kubernetes/lease.ts';
import { exponentialBackoff } from '../../../src/runtime/backoff.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { type ApiServer, startApiServer } from './api-server.ts';
import { applyCrds } from './crds.ts';
import { nodeSpec } from './sample-resources.ts';
import { waitFor } from './server-process.ts';

describe('with an API server that comes and goes', () => {
  let server: ApiServer;
  let connection: Connection;
  beforeAll(async () => {
    server = await startApiServer();
    await applyCrds(server);
    const { kubeconfig } = server;
    connection = await connectKubernetes({
      namespace: 'default',
      kubeconfig,
      environment: {},
      clock: systemClock,
      userAgent: 'test',
    });
  });
  afterAll(async () => {
    await connection?.[Symbol.asyncDispose]();
    await server?.stop();
  });

  test('an informer goes on by itself, and misses nothing', async () => {
    const { client } = connection;
    const stop = new AbortController();
    const seen: string[] = [];
    const informer = createInformer<SyncthingNode>({
      client,
      kind: SYNCTHING_NODES,
      clock: systemClock,
      log: silentLogger,
      backoff: exponentialBackoff({ firstMs: 50, maxMs: 500 }),
      onChange: (change) => void seen.push(`${change.kind} ${change.object.name}`),
    });
    const running = informer.run(stop.signal);
    const call = { signal: AbortSignal.timeout(100_000) };
    await informer.whenSynced(call.signal);
    await client.create(SYNCTHING_NODES, { name: 'before', spec: nodeSpec }, call);
    await waitFor('the first change', async () => seen.length === 1);
    await server.pause();
    await expect(client.list(SYNCTHING_NODES, {}, call)).rejects.toMatchObject({ kind: 'unreachable' });
    expect(informer.synced).toBe(true);
    expect(informer.get('before')).toBeDefined();
    await server.resume();
    await client.create(SYNCTHING_NODES, { name: 'after', spec: nodeSpec }, call);
    await client.delete(SYNCTHING_NODES, { name: 'before' }, call);
    await waitFor('the later changes', async () => seen.length === 3);
    // Between objects the order is not kept where a list had to fill the gap.
    expect(seen.toSorted()).toEqual(['added after', 'added before', 'removed before']);
    stop.abort();
    await running;
  });

  test('calls and watches end by themselves when nobody answers', async () => {
    const { client } = connection;
    const call = { signal: AbortSignal.timeout(100_000) };
    const { resourceVersion } = await client.list(SYNCTHING_NODES, {}, call);
    const watch = client
      .watch(SYNCTHING_NODES, { resourceVersion, signal: call.signal, idleMs: 1000 })
      [Symbol.asyncIterator]();
    const coming = watch.next();
    await client.create(SYNCTHING_NODES, { name: 'watched', spec: nodeSpec }, call);
    expect(await coming).toMatchObject({ value: { type: 'added' } });
    server.freeze();
    try {
      await expect(client.get(SYNCTHING_NODES, 'x', { ...call, timeoutMs: 500 })).rejects.toMatchObject({
        kind: 'timeout',
      });
      const giveUp = new AbortController();
      const hanging = expect(
        client.get(SYNCTHING_NODES, 'x', { signal: giveUp.signal }),
      ).rejects.toMatchObject({ kind: 'aborted' });
      giveUp.abort();
      await hanging;
      await expect(watch.next()).rejects.toMatchObject({ kind: 'timeout' });
    } finally {
      server.thaw();
    }
    await expect(client.get(SYNCTHING_NODES, 'x', call)).rejects.toMatchObject({ kind: 'not-found' });
  });

  test('of two candidates one leads, and the other follows at once when it stops', async () => {
    const { client } = connection;
    const stops = [new AbortController(), new AbortController()] as const;
    const leading: string[] = [];
    function campaign(identity: string, signal: AbortSignal): Promise<void> {
      const options = {
        client,
        name: 'controller',
        identity,
        clock: systemClock,
        log: silentLogger,
        signal,
        timings: { leaseMs: 15_000, renewMs: 10_000, retryMs: 50 },
      };
      return leadWhile(options, (working) => {
        leading.push(identity);
        return new Promise((resolve) => {
          working.addEventListener('abort', () => resolve(), { once: true });
        });
      });
    }
    const a = campaign('a', stops[0].signal);
    await waitFor('the first leader', async () => leading.length === 1);
    const b = campaign('b', stops[1].signal);
    stops[0].abort();
    await a;
    await waitFor('the second leader', async () => leading.length === 2);
    expect(leading).toEqual(['a', 'b']);
    const call = { signal: AbortSignal.timeout(20_000) };
    expect(await client.get(LEASES, 'controller', call)).toMatchObject({
      spec: { holderIdentity: 'b', leaseTransitions: 1 },
    });
    stops[1].abort();
    await b;
    expect(await client.get(LEASES, 'controller', call)).toMatchObject({ spec: { holderIdentity: '' } });
  });
});
