import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Bundle } from '../../../tools/bundle/bundle.ts';
import { programNames } from '../../../src/runtime/program.ts';
import { bundlePrograms } from '../../../tools/bundle/bundle.ts';
import { SBOM_FILE, writeSbom } from '../../../tools/bundle/sbom.ts';
import { readInputs, writeInputs } from '../../../tools/images/build-inputs.ts';

let outDir: string;
let bundles: readonly Bundle[];

beforeAll(async () => {
  outDir = await mkdtemp(path.join(tmpdir(), 'bundle-'));
  bundles = await bundlePrograms(outDir);
});

afterAll(async () => {
  await rm(outDir, { recursive: true });
});

test('there is one file a program, and one that picks', async () => {
  const names = bundles.map(({ name }) => `${name}.js`);
  expect(names).toContain('introducer.js');
  expect((await readdir(outDir)).toSorted()).toEqual([...names, 'package.json'].toSorted());
});

test('what picks a program holds nothing but that', () => {
  const main = bundles.find(({ name }) => name === 'main');
  expect(main?.packages.map(({ name }) => name)).toEqual(['src']);
});

test.for(['introducer', 'resharer', 'deleter', 'nodewatcher', 'scrubber'])(
  '%s holds no server and no client of Kubernetes',
  (helper) => {
    const packages = bundles.find(({ name }) => name === helper)?.packages ?? [];
    const heavy = packages
      .map(({ name }) => name)
      .filter((name) => /grpc|client-node|protobufjs|undici/.test(name));
    expect(heavy).toEqual([]);
  },
);

test.for(['controller', 'node'])('%s holds nothing that only a kubeconfig needs', (name) => {
  const packages = bundles.find((bundle) => bundle.name === name)?.packages.map((part) => part.name) ?? [];
  expect(packages.length).toBeGreaterThan(1);
  expect(packages.filter((part) => /client-node|undici|openid/.test(part))).toEqual([]);
});

test.for(programNames)('%s holds what it uses of zod, not all its languages', (name) => {
  const packages = bundles.find((bundle) => bundle.name === name)?.packages ?? [];
  expect(packages.length).toBeGreaterThan(1);
  expect(packages.find((part) => part.name === 'zod')?.bytes ?? 0).toBeLessThan(100 * 1024);
});

test.for(programNames)('%s starts without what only WebSocket of node:http needs', async (name) => {
  const listLoaded = `process.on('exit', () => console.log(JSON.stringify(process.moduleLoadList)));`;
  const { stdout } = await execa(
    process.execPath,
    ['--import', `data:text/javascript,${listLoaded}`, path.join(outDir, 'main.js'), name],
    { input: '{}', env: {}, extendEnv: false, reject: false },
  );
  const loaded = stdout.slice(stdout.lastIndexOf('["'));
  expect(loaded).toContain('NativeModule path');
  expect(loaded).not.toContain('undici');
});

test('a program runs from its bundle alone, without node_modules', async () => {
  const ended = await execa(process.execPath, [path.join(outDir, 'main.js'), 'introducer'], {
    input: '{}',
    cwd: outDir,
    env: {},
    extendEnv: false,
    reject: false,
  });
  expect(ended).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('the view on stdin cannot be used'),
  });
});

test('an unknown program is answered with those there are', async () => {
  const ended = await execa(process.execPath, [path.join(outDir, 'main.js'), 'bogus'], { reject: false });
  expect(ended).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining('controller|node|introducer'),
  });
});

/** As the Dockerfile's stage has them: the sources alone, at another path. */
async function bundleElsewhere(root: string): Promise<string> {
  writeInputs(readInputs('.'), root);
  await symlink(path.resolve('node_modules'), path.join(root, 'node_modules'));
  const out = path.join(root, 'out');
  await execa(process.execPath, ['tools/bundle/main.ts', out], { cwd: root });
  return out;
}

test('a second bundle of the same sources, at another path, has the same bytes', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'bundle-elsewhere-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const again = await bundleElsewhere(root);
  const list = path.join(root, SBOM_FILE);
  await writeSbom('.', list);
  const files = [...(await readdir(outDir)).map((name) => path.join(outDir, name)), list];
  expect((await readdir(again)).toSorted()).toEqual(files.map((file) => path.basename(file)).toSorted());
  for (const file of files) {
    const name = path.basename(file);
    const [one, other] = await Promise.all([file, path.join(again, name)].map((each) => readFile(each)));
    expect(one?.equals(other ?? Buffer.alloc(0)), name).toBe(true);
  }
});
