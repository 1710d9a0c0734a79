import { mkdtemp, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { HealthServer } from './health-server.ts';
import { parseListenAddress, serveHealth } from './health-server.ts';

interface Verdicts {
  unhealthy?: string;
  unready?: string;
}

async function serve(address: string, verdicts: Verdicts = {}): Promise<HealthServer> {
  const server = await serveHealth({
    address,
    unhealthy: () => verdicts.unhealthy,
    unready: () => verdicts.unready,
    metrics: () => 'volumes 3\n',
  });
  onTestFinished(() => server.close());
  return server;
}

async function get(server: HealthServer, url: string): Promise<string> {
  const response = await fetch(`http://${server.address}${url}`);
  return `${response.status} ${await response.text()}`;
}

test('answers what is asked, on a port of its own', async () => {
  const verdicts: Verdicts = {};
  const server = await serve('127.0.0.1:0', verdicts);
  expect(await get(server, '/healthz')).toBe('200 ok\n');
  expect(await get(server, '/readyz?verbose')).toBe('200 ok\n');
  expect(await get(server, '/metrics')).toBe('200 volumes 3\n');
  expect(await get(server, '/')).toMatch(/^404 /);
  verdicts.unhealthy = 'the queue is stuck';
  verdicts.unready = 'no Syncthing at its socket';
  expect(await get(server, '/healthz')).toBe('503 the queue is stuck\n');
  expect(await get(server, '/readyz')).toBe('503 no Syncthing at its socket\n');
});

test('takes only GET', async () => {
  const server = await serve('127.0.0.1:0');
  expect((await fetch(`http://${server.address}/metrics`, { method: 'POST' })).status).toBe(405);
});

test('listens on a unix socket, for its owner alone, also where one was left', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'health-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const socketPath = path.join(directory, 'made', 'health.sock');
  await serve(`unix://${socketPath}`);
  await serve(`unix://${socketPath}`);
  expect((await stat(socketPath)).mode & 0o777).toBe(0o600);
  expect(await statusOf(socketPath)).toBe(200);
});

function statusOf(socketPath: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/healthz' }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.once('error', reject).end();
  });
}

test('a port in use is an error', async () => {
  const server = await serve('127.0.0.1:0');
  await expect(serve(server.address)).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

test.for([
  ['unix:///run/x.sock', { path: '/run/x.sock' }],
  [':9090', { port: 9090 }],
  ['10.0.0.1:9090', { host: '10.0.0.1', port: 9090 }],
  ['[::1]:9090', { host: '::1', port: 9090 }],
  ['[::]:0', { host: '::', port: 0 }],
] as const)('%s is %j', ([address, expected]) => {
  expect(parseListenAddress(address)).toEqual(expected);
});

test.for(['', '9090', '::1:9090', 'host:99999', 'host:port', 'http://host:1'])(
  '%j is no address',
  (address) => {
    expect(() => parseListenAddress(address)).toThrow('is neither unix:///path nor host:port');
  },
);
