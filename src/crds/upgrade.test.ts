import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { lossesBetween } from './losses.ts';

const CRDS = 'deploy/chart/crds';
const RELEASE = readFileSync('test/upgrade/from', 'utf8').trim();

function git(...words: readonly string[]): string {
  return execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Not in a checkout without its history. */
function hasRelease(): boolean {
  try {
    git('cat-file', '-e', `${RELEASE}^{commit}`);
    return true;
  } catch {
    return false;
  }
}

function specIn(yaml: string): Record<string, unknown> {
  return (parse(yaml) as { spec: Record<string, unknown> }).spec;
}

test('the definitions take all that those of the release in test/upgrade/from take', ({ skip }) => {
  skip(!hasRelease(), `${RELEASE} is not in this checkout: git fetch --unshallow brings it`);
  const before = git('ls-tree', '--name-only', RELEASE, `${CRDS}/`).trim().split('\n');
  expect(readdirSync(CRDS).map((file) => `${CRDS}/${file}`)).toEqual(expect.arrayContaining(before));
  for (const file of before) {
    const [was, is] = [git('show', `${RELEASE}:${file}`), readFileSync(file, 'utf8')];
    expect(lossesBetween(specIn(was), specIn(is)), file).toEqual({ lost: [], tightened: [] });
  }
});
