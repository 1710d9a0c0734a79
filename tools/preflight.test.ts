import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const script = join(import.meta.dirname, 'preflight.sh');
const checkout = join(import.meta.dirname, '..');
const plain = ['sh', 'awk', 'mkdir', 'dirname', 'ls'];
const needed = [
  'runc',
  'iptables',
  'nft',
  'conntrack',
  'ip',
  'socat',
  'nsenter',
  'losetup',
  'mkfs.ext4',
  'xfs_io',
  'busybox',
  'catatonit',
  'openssl',
  'flock',
];

/** A machine is what its PATH says: scripts that answer as its programs would. */
const machine: Readonly<Record<string, string>> = {
  uname: 'echo Linux',
  id: 'echo 0',
  npm: ':',
  go: 'echo go1.26.6',
  df: 'echo head; echo /dev/x 1 1 99999999 1% /',
  ...Object.fromEntries(needed.map((name) => [name, ':'])),
};

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'preflight-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** Runs preflight on the machine with some programs changed; undefined takes one away. */
function preflight(
  changes: Readonly<Record<string, string | undefined>>,
  env: Readonly<Record<string, string>> = {},
  more: readonly string[] = [],
) {
  for (const name of plain) symlinkSync(`/usr/bin/${name}`, join(directory, name));
  for (const [name, body] of Object.entries({ ...machine, ...changes })) {
    if (body === undefined) continue;
    writeFileSync(join(directory, name), `#!/bin/sh\n${body}\n`);
    chmodSync(join(directory, name), 0o755);
  }
  const variables = { PATH: directory, HOME: directory, ...env };
  const ended = spawnSync('/bin/sh', [script, ...more], { env: variables, encoding: 'utf8' });
  return { status: ended.status, said: ended.stdout + ended.stderr };
}

describe('preflight.sh', () => {
  it('says nothing where nothing is missing', () => {
    expect(preflight({})).toEqual({ status: 0, said: '' });
  });

  it.each([
    ['another system', { uname: 'echo Darwin' }, 'needs Linux'],
    ['somebody who is not root', { id: 'echo 1000' }, 'sudo make'],
    ['no npm', { npm: undefined }, 'npm is missing; install Node.js'],
    ['no Go', { go: undefined }, 'Go is missing; install Go 1.26'],
    ['an old Go', { go: 'echo go1.25.9' }, 'needs Go 1.26 or newer'],
    [
      'a Go that a program is too new for',
      { go: 'case $1 in env) echo go1.26.0 ;; *) echo "requires go >= 1.26.6"; exit 1 ;; esac' },
      'GOTOOLCHAIN=auto',
    ],
    ['a full disk', { df: 'echo head; echo /dev/x 1 1 3145728 1% /' }, '3 GB free'],
    ['a missing program and no apt-get', { runc: undefined, nft: undefined }, 'have them: runc nftables'],
    [
      'a package that cannot be installed',
      { xfs_io: undefined, 'apt-get': 'exit 100' },
      'cannot be installed',
    ],
  ] as const)('stops at %s and says what to do', (_, changes, message) => {
    const { status, said } = preflight(changes);
    expect(said).toContain(message);
    expect(status).toBe(1);
  });

  it('installs what is missing', () => {
    const apt = `[ "$1" = update ] || echo "installed $*" >>"${directory}/apt.log"`;
    const { status, said } = preflight({ socat: undefined, 'apt-get': apt });
    expect(said).toContain('preflight: installing socat');
    expect(status).toBe(0);
  });

  it('asks for less where kind makes the nodes', () => {
    expect(preflight({ runc: undefined, socat: undefined }, { CLUSTER: 'kind' }).status).toBe(0);
  });

  it('installs what its caller needs as well', () => {
    const needsMore = preflight({ 'apt-get': 'exit 0' }, {}, ['python3=python3']);
    expect(needsMore).toMatchObject({ status: 0, said: expect.stringContaining('installing python3') });
  });
});

/** What make would do, without doing it. */
function recipeOf(target: string): string {
  const ended = spawnSync('make', ['--dry-run', '--no-print-directory', target], {
    cwd: checkout,
    encoding: 'utf8',
  });
  return ended.stdout;
}

describe('make', () => {
  it('asks for Python where tests are to run, and nowhere else', () => {
    expect(recipeOf('test')).toContain('preflight.sh python3=python3');
    expect(recipeOf('cluster-up')).toContain('preflight.sh');
    expect(recipeOf('cluster-up')).not.toContain('python3');
  });
});
