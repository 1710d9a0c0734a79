import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeSpec, nodeStatus } from '../../test/integration/kubernetes/sample-resources.ts';
import type { SyncthingNode } from '../desired/node.ts';
import { exponentialBackoff } from '../runtime/backoff.ts';
import { createFakeClock, type FakeClock } from '../runtime/fake-clock.ts';
import { type Logger, silentLogger } from '../runtime/logger.ts';
import { KubernetesError } from './errors.ts';
import { createFakeKubernetes, type FakeKubernetes } from './fake.ts';
import { createInformer, type Informer } from './informer.ts';
import { CLUSTER_NODES, SYNCTHING_NODES } from './resource-kind.ts';

const never = new AbortController().signal;

describe('an informer', () => {
  let clock: FakeClock;
  let fake: FakeKubernetes;
  let seen: string[];
  let problems: string[];
  let stop: AbortController;
  let informer: Informer<SyncthingNode>;
  let running: Promise<void>;

  const log: Logger = {
    ...silentLogger,
    error: (_fields, message) => void problems.push(message),
    child: () => log,
  };

  function start(onChange?: () => void): void {
    informer = createInformer({
      client: fake,
      kind: SYNCTHING_NODES,
      clock,
      log,
      backoff: exponentialBackoff({ firstMs: 1000, maxMs: 30_000 }),
      onChange: (change) => {
        seen.push(`${change.kind} ${change.object.name}`);
        onChange?.();
      },
    });
    running = informer.run(stop.signal);
  }
  function create(name: string): Promise<SyncthingNode> {
    return fake.create(SYNCTHING_NODES, { name, spec: nodeSpec }, { signal: never });
  }
  function listsSoFar(): number {
    return fake.calls.filter((call) => call.verb === 'list').length;
  }

  beforeEach(() => {
    clock = createFakeClock(1_000_000);
    fake = createFakeKubernetes({ clock });
    seen = [];
    problems = [];
    stop = new AbortController();
  });
  afterEach(async () => {
    stop.abort();
    await running;
    expect(clock.pending()).toBe(0);
  });

  test('has everything once it is synced, and follows what comes', async () => {
    await create('a');
    start();
    expect(informer.synced).toBe(false);
    await informer.whenSynced(never);
    expect(informer.items().map((item) => item.name)).toEqual(['a']);
    const b = await create('b');
    await fake.replaceStatus(SYNCTHING_NODES, b, nodeStatus, { signal: never });
    await fake.delete(SYNCTHING_NODES, { name: 'a' }, { signal: never });
    await clock.advance(0);
    expect(seen).toEqual(['added a', 'added b', 'changed b', 'removed a']);
    expect(informer.get('b')?.status).toEqual(nodeStatus);
    expect(informer.get('a')).toBeUndefined();
  });

  test('goes on where it was when the server closes the watch', async () => {
    start();
    await informer.whenSynced(never);
    await create('a');
    await clock.advance(0);
    fake.closeWatches();
    await clock.advance(0);
    await create('b');
    await clock.advance(0);
    expect(seen).toEqual(['added a', 'added b']);
    expect(listsSoFar()).toBe(1);
  });

  test('outlives an API server that is away, and stays synced with what it knows', async () => {
    start();
    await informer.whenSynced(never);
    await clock.advance(0);
    fake.intercept = (call) =>
      call.verb === 'watch' ? new KubernetesError('unreachable', 'away') : undefined;
    fake.closeWatches(new KubernetesError('unreachable', 'cut off'));
    await clock.advance(120_000);
    await create('a');
    expect(informer.synced).toBe(true);
    expect(seen).toEqual([]);
    fake.intercept = undefined;
    await clock.advance(30_000);
    expect(seen).toEqual(['added a']);
  });

  // A restored API counts its versions from the backup's: a watch from the old one would say nothing for long.
  test('lists anew after the server was away, also where the version that it had is not too old', async () => {
    await create('a');
    await create('b');
    start();
    await informer.whenSynced(never);
    await clock.advance(0);
    fake.intercept = (call) =>
      call.verb === 'watch' ? new KubernetesError('unreachable', 'away') : undefined;
    fake.closeWatches(new KubernetesError('unreachable', 'cut off'));
    await clock.advance(0);
    fake.vanish(SYNCTHING_NODES, 'b');
    fake.intercept = undefined;
    await clock.advance(60_000);
    expect(informer.synced).toBe(true);
    expect(seen).toEqual(['added a', 'added b', 'removed b']);
  });

  test('waits longer from try to try, never hammers', async () => {
    fake.intercept = () => new KubernetesError('unreachable', 'away');
    start();
    await clock.advance(300_000);
    expect(listsSoFar()).toBeGreaterThan(8);
    expect(listsSoFar()).toBeLessThan(20);
  });

  test('does not hammer a server that closes every watch at once', async () => {
    start();
    await informer.whenSynced(never);
    for (let step = 0; step < 100; step += 1) {
      fake.closeWatches();
      await clock.advance(10);
    }
    expect(fake.calls.filter((call) => call.verb === 'watch').length).toBeLessThan(5);
  });

  test('lists anew when its version is too old, and finds what it missed', async () => {
    await create('a');
    await create('b');
    start();
    await informer.whenSynced(never);
    await clock.advance(0);
    fake.intercept = (call) =>
      call.verb === 'watch' ? new KubernetesError('unreachable', 'away') : undefined;
    fake.closeWatches(new KubernetesError('unreachable', 'cut off'));
    await clock.advance(0);
    fake.vanish(SYNCTHING_NODES, 'a');
    fake.vanish(SYNCTHING_NODES, 'b');
    await create('b');
    await create('c');
    fake.compact();
    fake.intercept = undefined;
    await clock.advance(60_000);
    expect(informer.synced).toBe(true);
    expect(seen.slice(2)).toEqual(['removed a', 'removed b', 'added b', 'added c']);
  });

  test('is not synced between "too old" and the new list', async () => {
    start();
    await informer.whenSynced(never);
    await clock.advance(0);
    fake.intercept = (call) =>
      call.verb === 'list' ? new KubernetesError('unreachable', 'away') : undefined;
    fake.closeWatches(new KubernetesError('gone', 'too old'));
    await clock.advance(5000);
    expect(informer.synced).toBe(false);
    const waiting = informer.whenSynced(never);
    fake.intercept = undefined;
    await clock.advance(60_000);
    await waiting;
    expect(informer.synced).toBe(true);
  });

  test('begins a silent watch anew, and bookmarks keep one', async () => {
    start();
    await informer.whenSynced(never);
    for (let minute = 0; minute < 10; minute += 1) {
      fake.bookmark();
      await clock.advance(60_000);
    }
    function watches(): number {
      return fake.calls.filter((call) => call.verb === 'watch').length;
    }
    expect(watches()).toBe(1);
    await clock.advance(200_000);
    expect(watches()).toBe(2);
    expect(listsSoFar()).toBe(2);
  });

  test('keeps an object that it cannot read, says so once, and takes it when it can', async () => {
    await create('a');
    let broken = false;
    const picky = {
      ...SYNCTHING_NODES,
      parse: (raw: unknown) => {
        if (broken) throw new KubernetesError('unexpected', 'cannot be read');
        return SYNCTHING_NODES.parse(raw);
      },
    };
    informer = createInformer({
      client: fake,
      kind: picky,
      clock,
      log,
      backoff: exponentialBackoff({ firstMs: 1, maxMs: 1 }),
      onChange: (change) => void seen.push(`${change.kind} ${change.object.name}`),
    });
    running = informer.run(stop.signal);
    await informer.whenSynced(never);
    broken = true;
    fake.seed(SYNCTHING_NODES, { name: 'a', spec: { ...nodeSpec, fenced: ['x'] } });
    fake.seed(SYNCTHING_NODES, { name: 'a', spec: { ...nodeSpec, fenced: ['y'] } });
    await clock.advance(0);
    expect(informer.get('a')?.spec.fenced).toEqual(nodeSpec.fenced);
    expect([...informer.unreadable().keys()]).toEqual(['a']);
    expect(problems).toEqual(['an object cannot be read and is left as it was']);
    broken = false;
    fake.seed(SYNCTHING_NODES, { name: 'a', spec: { ...nodeSpec, fenced: ['z'] } });
    await clock.advance(0);
    expect(informer.get('a')?.spec.fenced).toEqual(['z']);
    expect(informer.unreadable().size).toBe(0);
    expect(seen).toEqual(['added a', 'changed a']);
  });

  test('goes on when a handler throws', async () => {
    start(() => {
      throw new Error('handler');
    });
    await informer.whenSynced(never);
    await create('a');
    await create('b');
    await clock.advance(0);
    expect(seen).toEqual(['added a', 'added b']);
    expect(problems).toHaveLength(2);
  });

  test('tells a waiting caller when it is given up', async () => {
    fake.intercept = () => new KubernetesError('unreachable', 'away');
    start();
    const giveUp = new AbortController();
    const waiting = expect(informer.whenSynced(giveUp.signal)).rejects.toThrow('no longer');
    giveUp.abort(new Error('no longer'));
    await waiting;
  });

  test('is silent about changes that the domain does not see', async () => {
    running = Promise.resolve();
    const heard: string[] = [];
    const ready = { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: '1' }] };
    fake.seed(CLUSTER_NODES, { name: 'n1', status: ready });
    const nodes = createInformer({
      client: fake,
      kind: CLUSTER_NODES,
      clock,
      log,
      backoff: exponentialBackoff({ firstMs: 1, maxMs: 1 }),
      onChange: (change) => void heard.push(change.kind),
    });
    running = nodes.run(stop.signal);
    await nodes.whenSynced(never);
    fake.seed(CLUSTER_NODES, {
      name: 'n1',
      status: { conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2' }] },
    });
    await clock.advance(0);
    fake.seed(CLUSTER_NODES, { name: 'n1', status: { conditions: [{ type: 'Ready', status: 'False' }] } });
    await clock.advance(0);
    expect(heard).toEqual(['added', 'changed']);
    expect(nodes.get('n1')?.ready).toBe(false);
  });
});
