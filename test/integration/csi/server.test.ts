import { access, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { status } from '@grpc/grpc-js';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CsiError } from '../../../src/csi/errors.ts';
import { standardInterceptors } from '../../../src/csi/interceptors.ts';
import type { CallContext } from '../../../src/csi/rpc.ts';
import type { CsiServer, CsiServices } from '../../../src/csi/server.ts';
import { serveCsi } from '../../../src/csi/server.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { createPino } from '../../../src/runtime/logger.ts';
import { createMetrics } from '../../../src/runtime/metrics.ts';
import type { TestClient } from './client.ts';
import { connect } from './client.ts';

let directory: string;
let socketPath: string;
let lines: string[];
const cleanups: (() => Promise<void> | void)[] = [];

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'csi-'));
  socketPath = path.join(directory, 'plugin', 'csi.sock');
  lines = [];
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  await rm(directory, { recursive: true });
});

async function serve(services: CsiServices, defaultDeadlineMs = 10_000): Promise<CsiServer> {
  const log = createPino({ level: 'debug' }, { write: (line) => void lines.push(line) });
  const interceptors = standardInterceptors({
    clock: systemClock,
    metrics: createMetrics(),
    defaultDeadlineMs,
  });
  const server = await serveCsi({ socketPath, services, interceptors, log });
  cleanups.push(() => server.close(0));
  return server;
}

function client(authority?: string): TestClient {
  const connected = connect(socketPath, authority);
  cleanups.push(() => connected.close());
  return connected;
}

/** An RPC that says when it was called, and answers when it is told to. */
function gate() {
  const entered = Promise.withResolvers<CallContext>();
  const open = Promise.withResolvers<undefined>();
  async function rpc(_: object, context: CallContext): Promise<object> {
    entered.resolve(context);
    await open.promise;
    return {};
  }
  return { rpc, entered: entered.promise, open: () => open.resolve(undefined) };
}

const identity = { GetPluginInfo: async () => ({ name: 'test.example', vendorVersion: '1' }) };

describe('the socket', () => {
  test('is for its owner alone, in a directory that was made for it', async () => {
    await serve({ identity });
    expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
    expect((await stat(path.dirname(socketPath))).mode & 0o777).toBe(0o700);
    expect(await readdir(path.dirname(socketPath))).toEqual(['csi.sock']);
  });

  test('of a process that was killed is taken over', async () => {
    const script = `require('node:fs').mkdirSync(process.argv[2], { recursive: true });
      require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    await execa(process.execPath, ['-e', script, socketPath, path.dirname(socketPath)], { reject: false });
    expect((await stat(socketPath)).isSocket()).toBe(true);
    await serve({ identity });
    expect(await client().call('Identity', 'GetPluginInfo', {})).toMatchObject({ kind: 'ok' });
  });

  test('that somebody answers on is left to him', async () => {
    await serve({ identity });
    const second = serveCsi({
      socketPath,
      services: { identity },
      interceptors: [],
      log: createPino({ level: 'error' }, { write() {} }),
    });
    await expect(second).rejects.toMatchObject({ kind: 'failed-precondition' });
    expect(await client().call('Identity', 'GetPluginInfo', {})).toMatchObject({ kind: 'ok' });
  });

  test('is not made in the place of a file', async () => {
    socketPath = path.join(directory, 'file');
    await writeFile(socketPath, 'text');
    await expect(serve({ identity })).rejects.toMatchObject({ kind: 'failed-precondition' });
  });

  test('is gone after close', async () => {
    const server = await serve({ identity });
    await server.close(1000);
    await expect(access(socketPath)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('a call', () => {
  test.for(['localhost', 'unix', '%2Fcsi%2Fcsi.sock', 'csi.sock'])(
    'with authority %s is answered',
    async (authority) => {
      await serve({ identity });
      const answer = await client(authority).call('Identity', 'GetPluginInfo', {});
      expect(answer).toMatchObject({ kind: 'ok', response: { name: 'test.example', vendorVersion: '1' } });
    },
  );

  test('of an RPC that nobody implements is UNIMPLEMENTED, also of a service that is not served', async () => {
    await serve({ identity, controller: {} });
    expect(await client().call('Controller', 'CreateSnapshot', {})).toMatchObject({
      code: status.UNIMPLEMENTED,
    });
    expect(await client().call('Node', 'NodeGetInfo', {})).toMatchObject({ code: status.UNIMPLEMENTED });
  });

  test('that is refused has the code and the message, and no details', async () => {
    async function DeleteVolume(): Promise<never> {
      throw new CsiError('failed-precondition', 'volume x is in use on node n1');
    }
    await serve({ controller: { DeleteVolume } });
    const answer = await client().call('Controller', 'DeleteVolume', { volumeId: 'x' });
    expect(answer).toMatchObject({
      code: status.FAILED_PRECONDITION,
      message: 'volume x is in use on node n1',
    });
    expect(answer).toMatchObject({
      trailers: expect.not.objectContaining({ 'grpc-status-details-bin': expect.anything() }),
    });
  });

  test('that fails unexpectedly tells the log why, and the caller nothing', async () => {
    async function DeleteVolume(): Promise<never> {
      throw new TypeError('reading the key hunter2 failed');
    }
    await serve({ controller: { DeleteVolume } });
    const answer = await client().call('Controller', 'DeleteVolume', { volumeId: 'x' });
    expect(answer).toMatchObject({ code: status.INTERNAL });
    expect(JSON.stringify(answer)).not.toMatch(/hunter2|TypeError| at /);
    expect(lines.find((line) => line.includes('unexpectedly'))).toContain('hunter2');
  });

  test('is logged without its secrets', async () => {
    await serve({ controller: { DeleteVolume: async () => ({}) } });
    await client().call('Controller', 'DeleteVolume', { volumeId: 'x', secrets: { key: 'hunter2' } });
    expect(lines.join('')).toContain('"volumeId":"x"');
    expect(lines.join('')).not.toContain('hunter2');
  });

  test('on a volume that is being worked on is ABORTED; on another one it is not', async () => {
    const { rpc, entered, open } = gate();
    await serve({ node: { NodeStageVolume: rpc, NodeUnstageVolume: async () => ({}) } });
    const first = client().call('Node', 'NodeStageVolume', { volumeId: 'a' });
    await entered;
    const second = await client().call('Node', 'NodeUnstageVolume', { volumeId: 'a' });
    expect(second).toMatchObject({
      code: status.ABORTED,
      message: expect.stringContaining('NodeStageVolume'),
    });
    expect(await client().call('Node', 'NodeUnstageVolume', { volumeId: 'b' })).toMatchObject({ kind: 'ok' });
    open();
    expect(await first).toMatchObject({ kind: 'ok' });
    expect(await client().call('Node', 'NodeUnstageVolume', { volumeId: 'a' })).toMatchObject({ kind: 'ok' });
  });

  test('that its caller cancels has its signal fired, and keeps the volume until its work has ended', async () => {
    const { rpc, entered, open } = gate();
    await serve({ node: { NodeStageVolume: rpc } });
    const caller = new AbortController();
    const first = client().call('Node', 'NodeStageVolume', { volumeId: 'a' }, { signal: caller.signal });
    const { signal } = await entered;
    caller.abort();
    expect(await first).toMatchObject({ code: status.CANCELLED });
    await fired(signal);
    expect(await client().call('Node', 'NodeStageVolume', { volumeId: 'a' })).toMatchObject({
      code: status.ABORTED,
    });
    open();
  });

  test('that is not done by its deadline has its signal fired', async () => {
    const { rpc, entered, open } = gate();
    await serve({ node: { NodeStageVolume: rpc } });
    const called = client().call('Node', 'NodeStageVolume', { volumeId: 'a' }, { deadlineMs: 100 });
    const { signal, deadlineMs } = await entered;
    expect(Number.isFinite(deadlineMs)).toBe(true);
    expect(await called).toMatchObject({ code: status.DEADLINE_EXCEEDED });
    await fired(signal);
    open();
  });

  test('that brings no deadline gets one, and an answer when it passes', async () => {
    const { rpc, open } = gate();
    await serve({ node: { NodeStageVolume: rpc } }, 50);
    const answer = await client().call('Node', 'NodeStageVolume', { volumeId: 'a' });
    expect(answer).toMatchObject({
      code: status.DEADLINE_EXCEEDED,
      message: expect.stringContaining('50 ms'),
    });
    open();
  });

  test('larger than 4 MiB is refused', async () => {
    await serve({ controller: { CreateVolume: async () => ({}) } });
    const name = 'x'.repeat(5 * 1024 * 1024);
    expect(await client().call('Controller', 'CreateVolume', { name })).toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    });
  });
});

describe('close', () => {
  test('waits for what is in flight, and takes nothing new', async () => {
    const { rpc, entered, open } = gate();
    const server = await serve({ node: { NodeStageVolume: rpc } });
    const called = client().call('Node', 'NodeStageVolume', { volumeId: 'a' });
    const { signal } = await entered;
    const closed = server.close(30_000);
    expect(await client().call('Node', 'NodeGetInfo', {})).toMatchObject({ code: status.UNAVAILABLE });
    expect(signal.aborted).toBe(false);
    open();
    expect(await called).toMatchObject({ kind: 'ok' });
    await closed;
  });

  test('ends calls that do not end, after firing their signal', async () => {
    const { rpc, entered, open } = gate();
    const server = await serve({ node: { NodeStageVolume: rpc } });
    const called = client().call('Node', 'NodeStageVolume', { volumeId: 'a' });
    const { signal } = await entered;
    await server.close(10);
    expect(signal.aborted).toBe(true);
    expect(await called).toMatchObject({ kind: 'error' });
    open();
  });

  test('is not kept waiting by a client that stays connected', async () => {
    const server = await serve({ identity });
    await client().call('Identity', 'GetPluginInfo', {});
    await server.close(30_000);
  });
});

test('the registration of the kubelet is served on a socket of its own', async () => {
  const registered: unknown[] = [];
  await serve({
    registration: {
      GetInfo: async () => ({
        type: 'CSIPlugin',
        name: 'test.example',
        endpoint: '/csi.sock',
        supportedVersions: ['1.0.0'],
      }),
      NotifyRegistrationStatus: async (request) => {
        registered.push(request);
        return {};
      },
    },
  });
  const info = await client().call('Registration', 'GetInfo', {});
  expect(info).toMatchObject({ response: { type: 'CSIPlugin', supportedVersions: ['1.0.0'] } });
  await client().call('Registration', 'NotifyRegistrationStatus', { pluginRegistered: true });
  expect(registered).toEqual([{ pluginRegistered: true, error: '' }]);
});

test('a path that cannot be listened on says so', async () => {
  await writeFile(path.join(directory, 'file'), 'no directory');
  socketPath = path.join(directory, 'file', 'csi.sock');
  await expect(serve({ identity })).rejects.toThrow(path.join(directory, 'file'));
});

function fired(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve());
  });
}
