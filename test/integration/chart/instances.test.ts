import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiServer, startApiServer } from '../kubernetes/api-server.ts';
import { program } from '../kubernetes/programs.ts';

const run = promisify(execFile);
const first = { name: 'first', namespace: 'one', sets: [] as readonly string[] };
const SECOND = ['driverName=two.example.org', 'hostDataDir=/var/two', 'nameSuffix=two'];

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
  await install(first);
});
afterAll(() => server?.stop());

interface Release {
  readonly name: string;
  readonly namespace: string;
  readonly sets: readonly string[];
}

/** As a user does it; rejects with what helm complained about. Nobody runs pods here, so that nothing is waited for. */
async function install({ name, namespace, sets }: Release): Promise<string> {
  const words = ['upgrade', '--install', name, 'deploy/chart', '-n', namespace, '--create-namespace'];
  return await helm([...words, '--no-hooks', ...sets.flatMap((set) => ['--set', set])]);
}

async function helm(words: readonly string[]): Promise<string> {
  const { stdout } = await run(program('helm'), ['--kubeconfig', server.kubeconfig, ...words]);
  return stdout;
}

describe('a second instance is refused', () => {
  test.each([
    ['with the same driver name', 'two', ['driverName=syncthing.csi.davepedu.com'], 'driverName syncthing'],
    ['on the same directory', 'two', ['hostDataDir=/var/syncthing-csi'], 'hostDataDir /var/syncthing-csi is'],
    ['in its directory', 'two', ['hostDataDir=/var/syncthing-csi/b'], 'which has /var/syncthing-csi: give'],
    ['around its directory', 'two', ['hostDataDir=/var'], 'which has /var/syncthing-csi: give'],
    ['with the same suffix', 'two', ['nameSuffix='], 'nameSuffix "" is taken by driver syncthing'],
    ['in its namespace', 'one', [], 'namespace one is taken by driver syncthing.csi.davepedu.com'],
  ])('%s', async (_what, namespace, sets, complaint) => {
    const kubeletDir = 'kubeletDir=/data/kubelet';
    const other = { name: 'second', namespace, sets: [...SECOND, kubeletDir, ...sets] };
    await expect(install(other)).rejects.toThrow(complaint);
  });

  test('whose attach step is not the one that its driver has', async () => {
    await expect(install({ ...first, sets: ['attach=true'] })).rejects.toThrow(
      'attach cannot be changed while CSIDriver syncthing.csi.davepedu.com is there',
    );
  });
});

test('one with names and directories of its own is installed beside it, upgraded, and goes alone', async () => {
  const second = { name: 'second', namespace: 'two', sets: SECOND };
  await install(second);
  await install(second);
  await install({ ...first, sets: ['logLevel=debug'] });
  const names = async () =>
    (await server.kubectl(['get', 'csidriver', '-o', 'name'])).split('\n').filter((line) => line !== '');
  expect(await names()).toHaveLength(2);
  await helm(['uninstall', 'second', '-n', 'two', '--no-hooks']);
  expect(await names()).toEqual(['csidriver.storage.k8s.io/syncthing.csi.davepedu.com']);
  const left = await server.kubectl([
    'get',
    'ds,deploy',
    '-A',
    '-o',
    'jsonpath={.items[*].metadata.namespace}',
  ]);
  expect(left).toBe('one one');
});
