import { expect, test } from 'vitest';
import { settings } from './settings.ts';

const required = {
  DRIVER_NAME: 'd.test',
  NAMESPACE: 'ns',
  HOST_DATA_DIR: '/d',
  SYNCTHING_HOME: '/h',
  SYNCTHING_SOCKET: '/r/s',
  POD_IP: '10.0.0.1',
};

test('defaults, and an empty variable counts as not set', () => {
  expect(settings({ ...required, SYNCTHING_API_KEY: '', OTHER: 'x' })).toEqual({
    hostDataDir: '/d',
    owner: { driverName: 'd.test', namespace: 'ns' },
    home: '/h',
    socketPath: '/r/s',
    listenIp: '10.0.0.1',
    listenPort: 22_000,
    guiUser: 'syncthing-csi',
  });
});

test('everything given', () => {
  const hash = `$2b$12$${'x'.repeat(53)}`;
  expect(
    settings({
      ...required,
      POD_IP: 'fd00::1',
      SYNCTHING_PORT: '22001',
      SYNCTHING_API_KEY: 'a-key_of-16-characters',
      SYNCTHING_GUI_USER: 'admin',
      SYNCTHING_GUI_PASSWORD_HASH: hash,
      SYNCTHING_CONFIG_TEMPLATE: '/t.xml',
    }),
  ).toMatchObject({
    listenIp: 'fd00::1',
    listenPort: 22_001,
    apiKey: 'a-key_of-16-characters',
    guiUser: 'admin',
    guiPasswordHash: hash,
    templatePath: '/t.xml',
  });
});

test.each([
  ['DRIVER_NAME', ''],
  ['NAMESPACE', ''],
  ['HOST_DATA_DIR', 'relative'],
  ['SYNCTHING_HOME', 'relative'],
  ['SYNCTHING_SOCKET', ''],
  ['POD_IP', 'example.org'],
  ['SYNCTHING_PORT', '0'],
  ['SYNCTHING_PORT', 'many'],
  ['SYNCTHING_API_KEY', 'short'],
  ['SYNCTHING_API_KEY', 'with "quotes" and more'],
  ['SYNCTHING_GUI_PASSWORD_HASH', 'plain text'],
])('%s=%j is refused by name', (name, value) => {
  expect(() => settings({ ...required, [name]: value })).toThrow(name);
});

test('a bad key is not repeated', () => {
  expect(() => settings({ ...required, SYNCTHING_API_KEY: 'my secret' })).not.toThrow(/my secret/);
});

test('a socket that cannot be bound is refused before anything is written', () => {
  expect(() => settings({ ...required, SYNCTHING_SOCKET: `/${'s'.repeat(107)}` })).toThrow(
    'SYNCTHING_SOCKET is longer than a unix socket may be (107 bytes)',
  );
});
