import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Settings } from './settings.ts';
import { writeConfig } from './write-config.ts';

let directory: string;
let settings: Settings;

beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'st-config-'));
  settings = {
    home: path.join(directory, 'home'),
    socketPath: path.join(directory, 'run', 'api.sock'),
    listenIp: '10.0.0.1',
    listenPort: 22_000,
    guiUser: 'u',
  };
});
afterEach(() => fs.rmSync(directory, { recursive: true }));

function inHome(name: string): string {
  return path.join(settings.home, name);
}

test('a random key is made once and kept; a given one replaces it', async () => {
  const first = await writeConfig(settings, randomBytes);
  expect(first.apiKey).toMatch(/^[\w-]{43}$/);
  expect(await writeConfig(settings, randomBytes)).toEqual(first);
  const given = { ...settings, apiKey: 'given-to-all-nodes' };
  expect(await writeConfig(given, randomBytes)).toEqual({
    apiKey: 'given-to-all-nodes',
    passedOver: [],
  });
  expect(fs.readFileSync(inHome('api-key'), 'utf8')).toBe('given-to-all-nodes\n');
  expect(fs.readFileSync(inHome('config.xml'), 'utf8')).toContain('<apikey>given-to-all-nodes<');
});

test('what cannot be read is put aside and never overwritten', async () => {
  await writeConfig(settings, randomBytes);
  for (const number of [1, 2]) {
    fs.writeFileSync(inHome('config.xml'), `half ${number}`);
    const { brokenFile } = await writeConfig(settings, randomBytes);
    expect(brokenFile).toBe(inHome(`config.xml.broken-${number}`));
  }
  expect(fs.readFileSync(inHome('config.xml.broken-1'), 'utf8')).toBe('half 1');
  expect(fs.readFileSync(inHome('config.xml.broken-2'), 'utf8')).toBe('half 2');
  expect((await writeConfig(settings, randomBytes)).brokenFile).toBeUndefined();
});

test('a configuration that cannot be reached stops the start and stays', async () => {
  fs.mkdirSync(inHome('config.xml'), { recursive: true });
  await expect(writeConfig(settings, randomBytes)).rejects.toMatchObject({ code: 'EISDIR' });
});

test('keys of the daemon are not touched, a file half written before is no hindrance', async () => {
  fs.mkdirSync(settings.home);
  fs.writeFileSync(inHome('key.pem'), 'identity');
  fs.writeFileSync(inHome('config.xml.new'), 'cut off');
  await writeConfig(settings, randomBytes);
  expect(fs.readdirSync(settings.home).toSorted()).toEqual(['api-key', 'config.xml', 'key.pem']);
  expect(fs.readFileSync(inHome('key.pem'), 'utf8')).toBe('identity');
});

test('a template that is missing is an error that names it', async () => {
  const templatePath = path.join(directory, 'template.xml');
  const written = writeConfig({ ...settings, templatePath }, randomBytes);
  await expect(written).rejects.toThrow(templatePath);
});

test('a template is merged under ours, and one that is refused leaves everything as it was', async () => {
  const templatePath = path.join(directory, 'template.xml');
  const given = { ...settings, templatePath };
  const options = '<maxSendKbps>9</maxSendKbps><startBrowser>true</startBrowser>';
  fs.writeFileSync(templatePath, `<configuration><options>${options}</options></configuration>`);
  const { passedOver } = await writeConfig(given, randomBytes);
  expect(passedOver).toEqual(['startBrowser']);
  const before = fs.readFileSync(inHome('config.xml'), 'utf8');
  expect(before).toContain('<maxSendKbps>9</maxSendKbps>');
  fs.writeFileSync(
    templatePath,
    '<configuration><options><natEnabled>true</natEnabled></options></configuration>',
  );
  const refused = writeConfig(given, randomBytes);
  await expect(refused).rejects.toThrow(`syncthing.defaultConfig of the chart, here ${templatePath}`);
  await expect(refused).rejects.toThrow('natEnabled is refused');
  expect(fs.readFileSync(inHome('config.xml'), 'utf8')).toBe(before);
});

test('without a configuration that counts the daemon drops its indexes, and so the mark of the database goes', async () => {
  const mark = inHome('index-v2/syncthing-csi');
  fs.mkdirSync(inHome('index-v2'), { recursive: true });
  fs.writeFileSync(inHome('config.xml'), 'half');
  fs.writeFileSync(mark, 'mark');
  await writeConfig(settings, randomBytes);
  expect(fs.existsSync(mark)).toBe(false);
  fs.writeFileSync(mark, 'mark');
  await writeConfig(settings, randomBytes);
  expect(fs.existsSync(mark)).toBe(true);
  fs.rmSync(inHome('config.xml'));
  await writeConfig(settings, randomBytes);
  expect(fs.existsSync(mark)).toBe(false);
});
