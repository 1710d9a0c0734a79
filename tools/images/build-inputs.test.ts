import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BUILD_INPUTS, hashInputs, readInputs, writeInputs } from './build-inputs.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'build-inputs-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function writeFile(path: string, content: string): void {
  const full = join(folder, path);
  mkdirSync(join(full, '..'), { recursive: true });
  writeFileSync(full, content);
}

test('.dockerignore lets the same files through', () => {
  const lines = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(lines).toEqual(['*', ...BUILD_INPUTS.map((path) => `!${path}`), '**/*.test.ts']);
});

test('tests, other folders and other tools are no inputs', () => {
  for (const path of [
    'src/b/x.ts',
    'src/b/x.test.ts',
    'src/a.ts',
    'tools/bundle/main.ts',
    'tools/other.ts',
    'test/y.ts',
    'package.json',
    '.env',
  ])
    writeFile(path, path);
  expect(readInputs(folder).map(({ path }) => path)).toEqual([
    'package.json',
    'src/a.ts',
    'src/b/x.ts',
    'tools/bundle/main.ts',
  ]);
});

test('the hash sees a changed byte, a moved file, a boundary between files, and whatever else decides', () => {
  const file = (path: string, content: string) => ({ path, content: Buffer.from(content) });
  const cases = [
    hashInputs([file('a', '1'), file('b', '2')], ['base']),
    hashInputs([file('a', '1'), file('b', '3')], ['base']),
    hashInputs([file('a', '1'), file('c', '2')], ['base']),
    hashInputs([file('a', '12'), file('b', '')], ['base']),
    hashInputs([file('a', '1'), file('b', '2')], ['other base']),
  ];
  expect(new Set(cases).size).toBe(cases.length);
});

test('files are laid out alike, whatever the umask and time of the checkout', () => {
  writeInputs([{ path: 'src/deep/a.ts', content: Buffer.from('x') }], folder);
  const stat = statSync(join(folder, 'src/deep/a.ts'));
  expect([stat.mode & 0o7777, stat.mtimeMs]).toEqual([0o644, 0]);
});
