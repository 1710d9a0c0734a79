import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type ApiServer, startApiServer } from '../kubernetes/api-server.ts';
import { program } from '../kubernetes/programs.ts';
import { readVolumeStatus, volumeSpec } from '../kubernetes/sample-resources.ts';

const run = promisify(execFile);
let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
});
afterAll(() => server?.stop());

async function helm(...words: readonly string[]): Promise<string> {
  const where = ['--kubeconfig', server.kubeconfig, '-n', 'syncthing-csi'];
  return (await run(program('helm'), [...words, ...where])).stdout;
}

async function last(): Promise<object | undefined> {
  const history = z.array(z.object({ revision: z.number(), status: z.string() }));
  return history.parse(JSON.parse(await helm('history', 'syncthing-csi', '-o', 'json'))).at(-1);
}

/** Nobody runs Jobs here: the check fails by its time instead of by what it says, which is the same to helm. */
test('after an uninstall that was refused, the way back that the refusal names is one', async () => {
  // As the hook that runs before an install does not run here either.
  const given = ['deploy/chart', '--set', 'crds.upgrade=false'];
  await helm('install', 'syncthing-csi', ...given, '--create-namespace');
  await expect(helm('uninstall', 'syncthing-csi', '--timeout', '1s')).rejects.toThrow(
    'syncthing-csi-uninstall',
  );
  expect(await last()).toEqual({ revision: 1, status: 'uninstalling' });
  const upgrade = ['upgrade', 'syncthing-csi', ...given];
  await expect(helm(...upgrade)).rejects.toThrow('has no deployed releases');
  await helm('rollback', 'syncthing-csi', '1');
  await helm(...upgrade);
  expect(await last()).toEqual({ revision: 3, status: 'deployed' });
});

test('the command of the documents shows who holds an uninstall up, all of them', async () => {
  const [command = ''] =
    /^kubectl .*custom-columns.*$/m.exec(readFileSync('docs/operations.md', 'utf8')) ?? [];
  const metadata = { name: 'v', namespace: 'syncthing-csi' };
  const volume = {
    apiVersion: 'syncthing-csi.io/v1alpha1',
    kind: 'SyncthingVolume',
    metadata,
    spec: volumeSpec,
  };
  await server.kubectl(['create', '-f', '-'], JSON.stringify(volume));
  const status = ['patch', 'stvol', 'v', '-n', 'syncthing-csi', '--subresource=status', '--type=merge', '-p'];
  await server.kubectl([...status, JSON.stringify({ status: readVolumeStatus })]);
  const PATH = [path.dirname(program('kubectl')), process.env['PATH']].join(path.delimiter);
  const said = await run('bash', ['-c', command], {
    env: { ...process.env, PATH, KUBECONFIG: server.kubeconfig },
  });
  expect(said.stdout).toMatch(/^NAME +WRITER +WRITERS +READERS\nv +<none> +n3 +n1,n2\n$/);
});
