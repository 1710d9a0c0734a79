import { execa } from 'execa';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../../..');

/**
 * Real mounts, as root, in a mount namespace that nobody else sees: whatever happens to the tests, and to this process,
 * no mount is left on the machine.
 */
test('the real mounter, in a namespace of its own', async () => {
  const namespace = ['--mount', '--propagation', 'private', '--fork', '--kill-child', '--'];
  const vitest = [process.execPath, path.join(root, 'node_modules/vitest/vitest.mjs'), 'run'];
  const { exitCode, all } = await execa(
    'unshare',
    [...namespace, ...vitest, '--config', 'test/integration/mount/namespaced.config.ts'],
    { cwd: root, all: true, reject: false },
  );
  expect({ exitCode, all: exitCode === 0 ? '' : all }).toEqual({ exitCode: 0, all: '' });
});
