import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { programNames } from '../../../src/runtime/program.ts';
import { SBOM_FILE } from '../../../tools/bundle/sbom.ts';
import { compressedBytes } from '../../../tools/images/compressed-bytes.ts';
import { readMachineSecrets } from './machine-secrets.ts';
import { type DockerArchive, listLayer, openDockerArchive, unpackLayer } from './docker-archive.ts';

const ARCHIVE = '.cluster/images/syncthing-csi.tar';
const ENTRYPOINT = z.object({
  config: z.object({
    Entrypoint: z.array(z.string()),
    Labels: z.record(z.string(), z.string()),
    User: z.string().optional(),
  }),
});

const SBOM = z.object({
  metadata: z.object({ component: z.object({ name: z.string(), type: z.string() }) }),
  components: z.array(z.object({ name: z.string() })),
});

let image: DockerArchive;
let root: string;

beforeAll(async () => {
  if (!existsSync(ARCHIVE)) throw new Error(`${ARCHIVE} is missing; run make images`);
  image = await openDockerArchive(ARCHIVE);
  root = mkdtempSync(join(tmpdir(), 'driver-image-'));
  // As a runtime makes it; a temporary folder is for its owner alone.
  chmodSync(root, 0o755);
  for (const layer of image.layers) await unpackLayer(ARCHIVE, layer, root);
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** As the chart runs it: the image's own entry point, a user of no name, nothing in the environment but PATH. */
async function runInImage(program: string, user: number) {
  const [file = '', ...flags] = ENTRYPOINT.parse(JSON.parse(image.config)).config.Entrypoint;
  return await execa('chroot', [`--userspec=${user}:${user}`, root, file, ...flags, program], {
    env: { PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
    extendEnv: false,
    input: '',
    reject: false,
    timeout: 20_000,
  });
}

test('has the name that the chart asks for on the local cluster', () => {
  expect(image.names).toEqual(['local.test/syncthing-csi:dev']);
});

test('its own layer holds the bundles, readable for all, and nothing else', async () => {
  const files = await listLayer(ARCHIVE, image.layers.at(-1) ?? '');
  const paths = files.map(({ path }) => path);
  expect(paths).toEqual(expect.arrayContaining([...programNames, 'main'].map((name) => `app/${name}.js`)));
  expect(paths.filter((path) => !/^app\/(?:[a-z-]+\.js|package\.json|sbom\.cdx\.json)?$/.test(path))).toEqual(
    [],
  );
  expect(new Set(files.map(({ mode, owner }) => `${mode} ${owner}`))).toEqual(
    new Set(['drwxr-xr-x 0/0', '-rw-r--r-- 0/0']),
  );
});

/** The image's build has another directory, and packages that it installed itself. */
test('the same sources are the same bytes wherever they are bundled', async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), 'bundle-'));
  try {
    await execa('node', ['tools/bundle/main.ts', elsewhere]);
    const names = readdirSync(elsewhere).sort();
    expect(names).toEqual(readdirSync(join(root, 'app')).sort());
    const differing = names.filter(
      (name) => !readFileSync(join(elsewhere, name)).equals(readFileSync(join(root, 'app', name))),
    );
    expect(differing).toEqual([]);
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
});

test('is fetched soon on a slow line: 120 MB at most', async () => {
  expect(await compressedBytes(ARCHIVE, AbortSignal.timeout(60_000))).toBeLessThanOrEqual(120e6);
});

test('says what it is made of', () => {
  const { metadata, components } = SBOM.parse(JSON.parse(readFileSync(join(root, 'app', SBOM_FILE), 'utf8')));
  expect(metadata.component).toMatchObject({ name: 'syncthing-csi', type: 'application' });
  const names = components.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['@grpc/grpc-js', '@kubernetes/client-node', 'pino', 'zod']));
  expect(names).not.toContain('vitest');
});

test('no layer has packages of the build, settings of npm, or a way to packages of the system', async () => {
  const lists = await Promise.all(image.layers.map(async (layer) => await listLayer(ARCHIVE, layer)));
  const paths = lists.flat().map(({ path }) => path.replace(/^\.\//, ''));
  const npm = 'usr/local/lib/node_modules/npm/';
  const unwanted = paths.filter(
    (path) =>
      (path.includes('node_modules/') && path !== 'usr/local/lib/node_modules/' && !path.startsWith(npm)) ||
      /(?:^|\/)\.npmrc$|^root\/ca\.pem$|^build\/|\.sources$|^etc\/apt\/sources\.list$|^var\/lib\/apt\/lists\/.*_Packages/.test(
        path,
      ),
  );
  expect(unwanted).toEqual([]);
});

test('nothing of this machine’s settings is in it: no registry, no mirror, no token', async () => {
  const secrets = await readMachineSecrets(process.cwd(), process.env);
  expect(secrets.own.length).toBeGreaterThan(0);
  const app = programNames.map((name) => readFileSync(join(root, 'app', `${name}.js`), 'utf8')).join('\n');
  for (const word of secrets.own)
    expect(`${image.config}${app}`.includes(word), `${word} in the bundles or the history`).toBe(false);
  const places = ['app', 'etc', 'home', 'root', 'var'].map((folder) => join(root, folder));
  const patterns = secrets.own.flatMap((word) => ['-e', word]);
  const found = await execa('grep', ['-rlF', ...patterns, ...places], { reject: false });
  expect({ exitCode: found.exitCode, files: found.stdout }).toEqual({ exitCode: 1, files: '' });
});

test('says what it is', () => {
  const { Labels: labels, User: user } = ENTRYPOINT.parse(JSON.parse(image.config)).config;
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync('package.json', 'utf8')));
  expect(labels).toMatchObject({
    'org.opencontainers.image.title': 'syncthing-csi',
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.licenses': 'MIT',
  });
  // The chart decides by number; the node container must stay root.
  expect(user ?? '').toBe('');
});

test.each(['mount', 'umount', 'findmnt', 'sync', 'cp', 'nice', 'ionice', 'node'])('has %s', async (name) => {
  const ended = await execa('chroot', [root, 'sh', '-c', `command -v ${name}`], {
    reject: false,
    env: { PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
    extendEnv: false,
  });
  expect(ended.exitCode).toBe(0);
});

test.each([
  ['controller', 'NAMESPACE is not set'],
  ['node', 'NODE_NAME is not set'],
  ['syncthing-config', 'SYNCTHING_HOME'],
  ['crds', 'CRDS_DIR is not set'],
])('%s without configuration says so, also as a user without a name', async (program, complaint) => {
  const ended = await runInImage(program, 65_532);
  expect(ended.exitCode).toBe(1);
  const said = `${ended.stdout}${ended.stderr}`;
  expect(said.split('\n')[0]).toContain(complaint);
  // And not with a line of minified source.
  expect(said.length).toBeLessThan(2000);
});

test.each(['introducer', 'resharer', 'deleter', 'nodewatcher'])(
  '%s without a view asks for one',
  async (program) => {
    const ended = await runInImage(program, 65_532);
    expect(ended).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('the view on stdin is not JSON'),
    });
  },
);
