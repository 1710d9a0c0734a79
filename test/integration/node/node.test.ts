import { execa } from 'execa';
import path from 'node:path';
import { expect, test } from 'vitest';
import { inPrivateNamespace } from '../../../tools/host/private-namespace.ts';

const root = path.resolve(import.meta.dirname, '../../..');

/** Real mounts and daemons: whatever happens to this process, nothing of them is left on the machine. */
test('the node service with real mounts, Syncthing and helpers', { timeout: 1_200_000 }, async () => {
  const [program, ...args] = inPrivateNamespace([
    process.execPath,
    path.join(root, 'node_modules/vitest/vitest.mjs'),
    'run',
    '--config',
    'test/integration/node/namespaced.config.ts',
  ]);
  const { exitCode, all } = await execa(program, args, { cwd: root, all: true, reject: false });
  expect({ exitCode, all: exitCode === 0 ? '' : all }).toEqual({ exitCode: 0, all: '' });
});
