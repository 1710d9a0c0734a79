import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { type ApiServer, startApiServer } from '../kubernetes/api-server.ts';
import { program } from '../kubernetes/programs.ts';

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
