import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { connectSyncthing } from '../../../src/syncthing/connect-syncthing.ts';
import { templateOptions } from '../../../src/syncthing/template-options.ts';
import { startDaemon, syncthingBinary, type Daemon } from './daemon.ts';

const call = { signal: AbortSignal.timeout(100_000) };
let daemon: Daemon;

beforeAll(async () => {
  daemon = await startDaemon();
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
});

test('starts closed: no folder, only itself, nothing listens but the socket and one address', async () => {
  const config = await daemon.client.config(call);
  expect(config.folders).toEqual([]);
  expect(config.devices.map((device) => device.deviceID)).toEqual([daemon.deviceId]);
  expect(config.options).toMatchObject({
    listenAddresses: [daemon.address],
    globalAnnounceEnabled: false,
    localAnnounceEnabled: false,
    relaysEnabled: false,
    natEnabled: false,
    urAccepted: -1,
    crashReportingEnabled: false,
    autoUpgradeIntervalH: 0,
    reconnectionIntervalS: 5,
    minHomeDiskFree: { value: 100, unit: 'MB' },
  });
  expect(await daemon.client.restartRequired(call)).toBe(false);
  expect(listeningPorts(daemon.pid)).toEqual([Number(new URL(daemon.address).port)]);
});

/** TCP and UDP ports that the process has open for anybody to come in, from /proc. */
function listeningPorts(pid: number): readonly number[] {
  const inodes = new Set(
    fs.readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return fs.readlinkSync(`/proc/${pid}/fd/${fd}`).match(/^socket:\[(\d+)\]$/)?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  return ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((protocol) =>
    fs
      .readFileSync(`/proc/${pid}/net/${protocol}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => {
        const open = protocol.startsWith('udp') || state === '0A';
        return open && inodes.has(inode ?? '');
      })
      .map(([, local]) => Number.parseInt(local?.split(':')[1] ?? '', 16)),
  );
}

test('socket and key are private', () => {
  expect(mode(path.dirname(daemon.socketPath))).toBe('700');
  expect(mode(daemon.socketPath)).toBe('600');
  expect(mode(path.join(daemon.home, 'api-key'))).toBe('600');
  expect(mode(path.join(daemon.home, 'config.xml'))).toBe('600');
  expect(mode(daemon.home)).toBe('700');
});

function mode(file: string): string {
  return (fs.statSync(file).mode & 0o777).toString(8);
}

test('a wrong key is unauthorized, and the page gives no way in without one', async () => {
  using client = disposable(connectSyncthing({ socketPath: daemon.socketPath, apiKey: 'wrong' }));
  await expect(client.config(call)).rejects.toMatchObject({ kind: 'unauthorized' });
  expect(await status('/rest/config', {})).toBe(403);
  const cookie = await cookies('/');
  expect(await status('/rest/config', { Cookie: cookie })).toBe(403);
  const basic = `Basic ${Buffer.from('test:').toString('base64')}`;
  expect(await status('/rest/config', { Authorization: basic })).not.toBe(200);
});

function disposable<T extends { close(): void }>(client: T): T & Disposable {
  return { ...client, [Symbol.dispose]: () => client.close() };
}

function request(url: string, headers: http.OutgoingHttpHeaders): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    http
      .get({ agent: false, socketPath: daemon.socketPath, path: url, headers }, (answer) => {
        answer.resume();
        resolve(answer);
      })
      .on('error', reject);
  });
}

async function status(url: string, headers: http.OutgoingHttpHeaders): Promise<number> {
  return (await request(url, headers)).statusCode ?? 0;
}

async function cookies(url: string): Promise<string> {
  const set = (await request(url, {})).headers['set-cookie'] ?? [];
  return set.map((one) => one.split(';', 1)[0]).join('; ');
}

test('a restart keeps identity, key, devices and folders, and rewrites what is ours', async () => {
  const before = await daemon.client.config(call);
  const root = path.join(daemon.data, 'kept');
  fs.mkdirSync(root);
  const peer = 'P56IOI7-MZJNU2Y-IQGDREY-DM2MGTI-MGL3BXN-PQ6W5BM-TBBZ4TJ-XZWICQ2';
  const [own] = before.devices;
  if (own === undefined) {
    throw new Error('the daemon has no device of its own');
  }
  const address = 'tcp://127.0.0.1:1';
  await daemon.client.putDevices(
    [{ ...own, deviceID: peer, name: 'a <b> & "c"', addresses: [address], paused: true }],
    call,
  );
  const device = { deviceID: peer };
  await daemon.client.putFolders(
    [{ id: 'kept', label: 'l', path: root, type: 'receiveonly', paused: false, devices: [device] }],
    call,
  );
  const configured = await daemon.client.config(call);
  await daemon.stop();
  const file = path.join(daemon.home, 'config.xml');
  const text = fs.readFileSync(file, 'utf8');
  fs.writeFileSync(file, text.replace('<relaysEnabled>false', '<relaysEnabled>true'));
  await daemon.start();
  const after = await daemon.client.config(call);
  expect(after.folders).toEqual(configured.folders);
  expect(after.devices).toEqual(configured.devices);
  expect(after.options).toMatchObject({ relaysEnabled: false });
  expect((await daemon.client.systemStatus(call)).myID).toBe(daemon.deviceId);
});

test('a broken file is put aside, the identity stays', async () => {
  await daemon.stop();
  const file = path.join(daemon.home, 'config.xml');
  const half = fs.readFileSync(file, 'utf8').slice(0, 700);
  fs.writeFileSync(file, half);
  await daemon.start();
  expect((await daemon.client.systemStatus(call)).myID).toBe(daemon.deviceId);
  expect((await daemon.client.config(call)).folders).toEqual([]);
  expect(fs.readFileSync(`${file}.broken-1`, 'utf8')).toBe(half);
});

test('a socket left behind by a killed daemon does not keep the next from starting', async () => {
  await daemon.kill();
  expect(fs.existsSync(daemon.socketPath)).toBe(true);
  await expect(daemon.client.health(call)).rejects.toMatchObject({ kind: 'unreachable' });
  await daemon.start();
  await daemon.client.health(call);
});

test('the unusable password hash has the form that the daemon takes for one', () => {
  const xml = fs.readFileSync(path.join(daemon.home, 'config.xml'), 'utf8');
  expect(xml).toMatch(/<password>\$2a\$10\$[./A-Za-z0-9]{53}<\/password>/);
  expect(execFileSync('stat', ['-c', '%a', daemon.home], { encoding: 'utf8' }).trim()).toBe('700');
});

test('a template of the user and a key for all nodes hold, and the daemon stays closed', async () => {
  const template = fs.readFileSync('deploy/terraform/examples/template/default_config.xml', 'utf8');
  const apiKey = 'the-same-on-every-node';
  await using other = await startDaemon({ template, apiKey });
  expect(other.apiKey).toBe(apiKey);
  const { options } = await other.client.config(call);
  expect(options).toMatchObject({
    maxSendKbps: 20_000,
    maxRecvKbps: 50_000,
    limitBandwidthInLan: true,
    listenAddresses: [other.address],
    relaysEnabled: false,
    globalAnnounceEnabled: false,
    reconnectionIntervalS: 5,
  });
  expect(listeningPorts(other.pid)).toEqual([Number(new URL(other.address).port)]);
});

/** The file that Syncthing makes where there is none. */
function ownFile(): string {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'syncthing-own-'));
  onTestFinished(() => fs.rmSync(home, { recursive: true }));
  const words = ['generate', '--no-default-folder', '--skip-port-probing', `--home=${home}`];
  execFileSync(syncthingBinary(), words, { stdio: 'ignore' });
  return fs.readFileSync(path.join(home, 'config.xml'), 'utf8');
}

test('a file that Syncthing wrote has to turn off what it has on, as the document lists it, and the daemon stays closed', async () => {
  const own = ownFile();
  const document = fs.readFileSync('deploy/chart/README.md', 'utf8');
  const [, listed = ''] = /A file that Syncthing wrote [^:]*: ([^.]*)\./.exec(document) ?? [];
  const off = [...listed.matchAll(/`<(\w+)>(\w+)<\/\1>`/g)];
  expect(off.length).toBeGreaterThan(4);
  const refused = off.map(([, name]) => `${name} is refused: [^;]*; leave it out`).toSorted();
  expect(
    said(() => templateOptions(own))
      .split(/(?<=leave it out); /)
      .toSorted(),
  ).toEqual(refused.map((each) => expect.stringMatching(new RegExp(`^${each}$`))));
  const template = off.reduce(
    (text, [line, name]) => text.replace(new RegExp(`<${name}>\\w+</${name}>`), line.slice(1, -1)),
    own,
  );
  expect(template).toContain('<listenAddress>default</listenAddress>');
  await using other = await startDaemon({ template });
  expect((await other.client.config(call)).options).toMatchObject({
    listenAddresses: [other.address],
    globalAnnounceEnabled: false,
    relaysEnabled: false,
  });
  expect(listeningPorts(other.pid)).toEqual([Number(new URL(other.address).port)]);
});

function said(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return '';
}
