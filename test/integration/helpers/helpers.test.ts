import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NodeView } from '../../../src/desired/node-view.ts';
import type { DiskPhase } from '../../../src/handoff/disk-state.ts';
import { folderId, grantTo, nodeView, replicaOrder, type OrderGiven } from '../../builders/node-view.ts';
import { deviceConfig } from '../../../src/syncthing/device-config.ts';
import { startDaemon } from '../syncthing/daemon.ts';
import { until } from '../syncthing/until.ts';
import { runPass, startHelperNode, tryHelper, urgentRound, type HelperNode } from './helper-node.ts';

const ID = folderId(0);
const call = { signal: AbortSignal.timeout(110_000) };
let n1: HelperNode;
let n2: HelperNode;

beforeAll(async () => {
  [n1, n2] = await Promise.all([startHelperNode('n1'), startHelperNode('n2')]);
});
afterAll(async () => {
  await Promise.all([n1, n2].map((node) => node?.[Symbol.asyncDispose]()));
});

/** The view of a node with one order for the volume, shared with the other node. */
function viewOf(
  node: HelperNode,
  given: {
    readonly order?: OrderGiven;
    readonly phase?: DiskPhase;
    readonly view?: Partial<NodeView>;
    readonly id?: string;
  },
): NodeView {
  const id = given.id ?? ID;
  const other = node === n1 ? n2 : n1;
  const replica = replicaOrder(id, { node: node.name, peers: [other.peer], ...given.order });
  return node.view({
    order: { fenced: [], devices: [n1.device, n2.device], tombstones: [] },
    replicas: [replica],
    states: node.state(id, given.phase),
    ...given.view,
  });
}

function asWriter(node: HelperNode, epoch: number): NodeView {
  return viewOf(node, {
    order: { type: 'sendreceive', epoch, grant: grantTo(node.name, epoch) },
    phase: { kind: 'writer', epoch, session: 1 },
  });
}

async function typeOf(node: HelperNode): Promise<string | undefined> {
  return (await node.daemon.client.folder(ID, call))?.type;
}

describe('two nodes, one volume', () => {
  test('joined by introducer and resharer on both, they sync; a second pass changes nothing', async () => {
    const views = [viewOf(n2, {}), asWriter(n1, 1)];
    for (const view of views) {
      const { introducer, resharer } = await urgentRound(view);
      expect(introducer).toEqual({ changed: 1, failed: [], more: false, fenced: [] });
      expect(resharer).toMatchObject({ changed: 1, failed: [], more: false });
      expect(resharer.applied).toEqual(
        view.replicas.map(({ name, spec }) => ({ replica: name, generation: 1, epoch: spec.epoch })),
      );
    }
    n1.write(ID, 'a', 'written on n1');
    await n1.daemon.client.scan(ID, call);
    await until('the file is on n2', () => n2.read(ID, 'a') === 'written on n1');
    for (const view of views) {
      const { introducer, resharer } = await urgentRound(view);
      expect([introducer.changed, resharer.changed]).toEqual([0, 0]);
      expect(resharer.applied).toHaveLength(1);
    }
  });

  test('the writer changes: types follow state.json and grant', async () => {
    const released: DiskPhase = {
      kind: 'released',
      epoch: 1,
      session: 1,
      scan: { sequence: 1, startedAt: '' },
    };
    await urgentRound(viewOf(n1, { order: { epoch: 2, grant: grantTo('n2', 2) }, phase: released }));
    await urgentRound(asWriter(n2, 2));
    expect([await typeOf(n1), await typeOf(n2)]).toEqual(['receiveonly', 'sendonly']);
    n2.write(ID, 'b', 'written on n2');
    await n2.daemon.client.scan(ID, call);
    await until('the file is on n1', () => n1.read(ID, 'b') === 'written on n2');
  });

  test('a fence closes the connection, and is lifted', async () => {
    const fencing = viewOf(n2, {
      order: { epoch: 2 },
      view: { order: { fenced: ['n1', 'n9'], devices: [n1.device, n2.device], tombstones: [] } },
    });
    const report = await runPass('introducer', fencing);
    expect(report).toMatchObject({ changed: 1, failed: [], fenced: ['n1', 'n9'] });
    expect((await n2.daemon.client.connections(call)).get(n1.peer.deviceId)).toMatchObject({
      connected: false,
      paused: true,
    });
    expect((await runPass('introducer', fencing)).changed).toBe(0);
    const lifted = await runPass('introducer', viewOf(n2, { order: { epoch: 2 } }));
    expect(lifted).toMatchObject({ changed: 1, fenced: [] });
    await until(
      'n1 is connected again',
      async () => (await n2.daemon.client.connections(call)).get(n1.peer.deviceId)?.connected,
    );
  });

  test('a node that comes back at another address after a power cut is connected at once', async () => {
    n1.daemon.freeze();
    await using twin = await startDaemon({ twinOf: n1.daemon.home, listenIp: '127.0.0.2' });
    try {
      await twin.client.putDevices(
        [deviceConfig({ deviceId: n2.daemon.deviceId, name: 'n2', addresses: [n2.daemon.address] })],
        call,
      );
      await until('the connection of before keeps its new one out', () =>
        /Failed to exchange Hello|already connected/i.test(twin.log()),
      );
      const moved = { ...n1.device, addresses: [twin.address] };
      const order = { fenced: [], devices: [moved, n2.device], tombstones: [] };
      const report = await runPass('introducer', viewOf(n2, { order: { epoch: 2 }, view: { order } }));
      expect(report).toMatchObject({ changed: 2, failed: [] });
      await until(
        'n1 is connected from its new address',
        async () => (await twin.client.connections(call)).get(n2.peer.deviceId)?.connected,
      );
    } finally {
      await n1.daemon.kill();
      await n1.daemon.start();
    }
    await runPass('introducer', viewOf(n2, { order: { epoch: 2 } }));
  });

  test('a stale copy goes out of Syncthing, and comes back after its archive with its files in place', async () => {
    const archive = path.join(n1.paths(ID).archive, '3');
    const order: OrderGiven = { epoch: 3, peers: [], rejoin: { epoch: 3 } };
    const archiving: DiskPhase = { kind: 'rejoining', epoch: 3, step: 'archiving', archive };
    const mounted = await runPass(
      'resharer',
      viewOf(n1, { order, phase: archiving, view: { mounted: [ID] } }),
    );
    expect(mounted).toMatchObject({
      changed: 0,
      applied: [],
      failed: [{ reason: expect.stringContaining('still mounted') }],
    });
    const out = await runPass('resharer', viewOf(n1, { order, phase: archiving }));
    expect(out).toMatchObject({ changed: 1, failed: [], applied: [{ epoch: 3 }] });
    expect(await typeOf(n1)).toBeUndefined();
    expect(n1.read(ID, 'b')).toBe('written on n2');
    const back = await runPass('resharer', viewOf(n1, { order, phase: { ...archiving, step: 'archived' } }));
    expect(back).toMatchObject({ changed: 1, failed: [], applied: [{ epoch: 3 }] });
    expect(await n1.daemon.client.folder(ID, call)).toMatchObject({
      type: 'receiveonly',
      devices: [n1.peer].map(({ deviceId }) => ({ deviceID: deviceId })),
    });
    await n1.daemon.client.scan(ID, call);
    const status = await n1.daemon.client.folderStatus(ID, call);
    expect(status.state).toBe('idle');
    expect(status).not.toHaveProperty('error');
  });

  test('a deleted copy goes to the trash, and from there after the grace time', async () => {
    const given = { order: { removal: 'delete' as const, peers: [] } };
    const unconfirmed = await runPass('deleter', viewOf(n1, given));
    expect(unconfirmed).toMatchObject({ changed: 0, removed: [] });
    const view = viewOf(n1, { order: { ...given.order, removalConfirmed: true } });
    const report = await runPass('deleter', view);
    expect(report).toMatchObject({ changed: 1, failed: [], removed: [view.replicas[0]?.name], orphans: [] });
    expect(await typeOf(n1)).toBeUndefined();
    const [entry = ''] = fs.readdirSync(path.join(n1.daemon.data, 'trash'));
    expect(fs.readFileSync(path.join(n1.daemon.data, 'trash', entry, 'sync/data/b'), 'utf8')).toBe(
      'written on n2',
    );
    expect(fs.existsSync(n1.paths(ID).directory)).toBe(false);
    const { states: _, ...gone } = { ...view, trashGraceMs: 0 };
    const again = await runPass('deleter', { ...gone, states: {} });
    expect(again).toMatchObject({ failed: [], more: false, removed: [view.replicas[0]?.name] });
    expect(fs.readdirSync(path.join(n1.daemon.data, 'trash'))).toEqual([]);
    // A device that no folder lists stays while its node does, and goes after it.
    expect(await runPass('introducer', { ...view, replicas: [] })).toMatchObject({ changed: 0, failed: [] });
    const alone = { ...view, replicas: [], order: { fenced: [], devices: [], tombstones: [] } };
    expect(await runPass('introducer', alone)).toMatchObject({ changed: 1, failed: [] });
    expect((await n1.daemon.client.config(call)).devices.map(({ deviceID }) => deviceID)).toEqual([
      n1.peer.deviceId,
    ]);
    expect(n2.read(ID, 'b')).toBe('written on n2');
  });

  test('a copy that nothing names any more is paused, and comes back with all that Syncthing knows of it', async () => {
    const idle = { ...viewOf(n2, {}), replicas: [] };
    const { order: _, ...incomplete } = idle;
    const before = await n2.daemon.client.folderStatus(ID, call);
    expect(await runPass('deleter', incomplete)).toMatchObject({ changed: 0, orphans: [] });
    expect(await runPass('deleter', { ...idle, mounted: [ID] })).toMatchObject({ changed: 0, orphans: [ID] });
    expect(await typeOf(n2)).toBe('sendonly');
    expect(await runPass('deleter', idle)).toMatchObject({ changed: 1, failed: [], orphans: [ID] });
    expect((await n2.daemon.client.folder(ID, call))?.paused).toBe(true);
    expect(await runPass('deleter', idle)).toMatchObject({ changed: 0, failed: [], orphans: [ID] });
    expect(n2.read(ID, 'b')).toBe('written on n2');
    const { sequence } = before;
    expect(await runPass('resharer', viewOf(n2, { order: { peers: [] } }))).toMatchObject({
      changed: 1,
      applied: [{}],
    });
    await n2.daemon.client.scan(ID, call);
    const after = await n2.daemon.client.folderStatus(ID, call);
    expect(after).toMatchObject({ state: 'idle', sequence, receiveOnlyTotalItems: 0 });
    expect(sequence).toBeGreaterThan(0);
  });
});

test('many volumes at once, one of them sick', async () => {
  const ids = [5, 6, 7, 8, 9].map(folderId);
  const [sick = ''] = ids;
  const states = Object.assign({}, ...ids.map((id) => n1.state(id)));
  fs.writeFileSync(n1.paths(sick).sync, 'a file where a directory belongs');
  const replicas = ids.map((id) => replicaOrder(id));
  const view = n1.view({ replicas, states });
  const report = await runPass('resharer', view);
  expect(report).toMatchObject({ changed: 4, failed: [{ item: replicas[0]?.name }] });
  expect(report.applied).toHaveLength(4);
  fs.rmSync(n1.paths(sick).sync);
  const next = await runPass('resharer', { ...view, failedLast: report.failed.map(({ item }) => item) });
  expect(next).toMatchObject({ changed: 1, failed: [] });
  expect(next.applied).toHaveLength(5);
});

test('a budget of nothing still gets somewhere, and says that there is more', async () => {
  const id = folderId(10);
  const view = n2.view({
    replicas: [replicaOrder(ID, { node: 'n2', label: 'other' }), replicaOrder(id, { node: 'n2' })],
    states: { ...n2.state(ID), ...n2.state(id) },
    budgetMs: 0,
  });
  expect(await runPass('resharer', view)).toMatchObject({ changed: 1, more: true, applied: [{}] });
  expect(await runPass('resharer', view)).toMatchObject({ changed: 1, more: false, applied: [{}, {}] });
});

test('nodewatcher: the label, the disk, and the directories that it needs', async () => {
  const view = n2.view({ labels: { [nodeView().storageLabel]: 'yes' } });
  const report = await runPass('nodewatcher', view);
  expect(report).toMatchObject({ failed: [], labelled: true });
  expect(report.capacity.totalBytes).toBeGreaterThan(report.capacity.freeBytes);
  expect(fs.readdirSync(n2.daemon.data)).toEqual(expect.arrayContaining(['volumes', 'archive', 'trash']));
  expect(await runPass('nodewatcher', view)).toMatchObject({ changed: 0 });
  expect((await runPass('nodewatcher', { ...view, storeId: 'another' })).unfit).toMatch(
    /is the right disk mounted/,
  );
});

test('a view saved in a file, by hand', () => {
  const main = path.resolve('src/main.ts');
  const file = path.join(n2.daemon.home, 'view.json');
  fs.writeFileSync(file, JSON.stringify(n2.view({})));
  const stdout = execFileSync(process.execPath, [main, 'introducer'], {
    input: fs.readFileSync(file),
    encoding: 'utf8',
    stdio: 'pipe',
  });
  expect(JSON.parse(stdout)).toMatchObject({ failed: [], more: false, fenced: [] });
});

test('something mounted in the trash is not removed with it', async () => {
  const entry = path.join(n2.daemon.data, 'trash', `${ID}-20200101T000000000Z`);
  const target = path.join(entry, 'sync', 'data', 'mounted');
  const precious = path.join(n2.daemon.home, 'precious');
  fs.mkdirSync(target, { recursive: true });
  fs.mkdirSync(precious);
  fs.writeFileSync(path.join(precious, 'file'), 'x');
  fs.writeFileSync(path.join(entry, 'sync', 'data', 'old'), 'x');
  // The mount lives in a namespace of its own, which ends with the helper.
  const script = 'mount --bind "$1" "$2" && exec "$3" "$4" deleter';
  const args = [
    '-m',
    'sh',
    '-c',
    script,
    'sh',
    precious,
    target,
    process.execPath,
    path.resolve('src/main.ts'),
  ];
  const input = JSON.stringify(n2.view({}));
  const stdout = execFileSync('unshare', args, { input, encoding: 'utf8', stdio: 'pipe' });
  expect(JSON.parse(stdout)).toMatchObject({
    failed: [{ item: `trash/${path.basename(entry)}`, reason: expect.stringContaining('EBUSY') }],
  });
  expect(fs.readFileSync(path.join(precious, 'file'), 'utf8')).toBe('x');
  expect(await runPass('deleter', n2.view({}))).toMatchObject({ failed: [] });
  expect(fs.existsSync(entry)).toBe(false);
  expect(fs.readFileSync(path.join(precious, 'file'), 'utf8')).toBe('x');
});

test('without Syncthing: the message names the socket and what to do; old trash still goes', async () => {
  const socketPath = path.join(n2.daemon.home, 'no.sock');
  const { syncthing } = n2.view({});
  const view = n2.view({ syncthing: { ...syncthing, socketPath } });
  for (const name of ['introducer', 'resharer'] as const) {
    const result = await tryHelper(name, view);
    expect(result).toMatchObject({ kind: 'failed', exitCode: 1 });
    expect(result.kind === 'failed' && result.message).toMatch(/no\.sock.*container syncthing/);
  }
  const entry = path.join(n2.daemon.data, 'trash', `${ID}-20200101T000000000Z`);
  fs.mkdirSync(entry, { recursive: true });
  expect(await runPass('deleter', view)).toMatchObject({ failed: [{ item: 'syncthing' }], removed: [] });
  expect(fs.existsSync(entry)).toBe(false);
  const keyless = await tryHelper(
    'introducer',
    n2.view({ syncthing: { ...syncthing, apiKeyFile: '/nowhere' } }),
  );
  expect(keyless.kind === 'failed' && keyless.message).toMatch(/\/nowhere.*syncthing-config/);
});

test('what Syncthing cannot save is not told as applied, also when it can be read', async () => {
  const id = folderId(2);
  const view = viewOf(n1, { id, order: { peers: [] } });
  const [name] = view.replicas.map((replica) => replica.name);
  const file = path.join(n1.daemon.home, 'config.xml');
  fs.renameSync(file, `${file}.aside`);
  fs.mkdirSync(file);
  try {
    const failed = [{ item: name, reason: expect.stringContaining('cannot save its configuration') }];
    expect(await runPass('resharer', view)).toMatchObject({ applied: [], failed });
    expect(await n1.daemon.client.folder(id, call)).toBeDefined();
    const again = await runPass('resharer', { ...view, failedLast: [name ?? ''] });
    expect(again).toMatchObject({ changed: 0, applied: [], failed });
  } finally {
    fs.rmdirSync(file);
    fs.renameSync(`${file}.aside`, file);
  }
  const saved = await runPass('resharer', { ...view, failedLast: [name ?? ''] });
  expect(saved).toMatchObject({ failed: [], applied: [{ replica: name }] });
  expect(fs.readFileSync(file, 'utf8')).toContain(id);
});
