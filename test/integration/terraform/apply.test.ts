import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { openWorkspace, type Workspace } from '../../../tools/terraform/workspace.ts';
import { type ApiServer, startApiServer } from '../kubernetes/api-server.ts';
import { program } from '../kubernetes/programs.ts';

/** A real API server without nodes: objects are made, changed and gone, and nothing runs. */
const KEY = 'a-key-that-nobody-may-read';
const abort = new AbortController();
let server: ApiServer;
let workspace: Workspace;
let root: string;

beforeAll(async () => {
  server = await startApiServer();
  const bin = path.dirname(program('tofu'));
  workspace = openWorkspace({
    checkout: process.cwd(),
    bin,
    architecture: process.arch,
    signal: abort.signal,
  });
  root = workspace.root('apply', configuration(server.kubeconfig));
  await workspace.tofu(root, ['init', '-no-color']);
});
afterAll(async () => {
  abort.abort();
  workspace?.[Symbol.dispose]();
  await server?.stop();
});

/** Without jobs being run there is nobody to bring the CRDs up to date; they are new. */
function configuration(kubeconfig: string): string {
  return `
variable "verbose" {
  type    = bool
  default = false
}
variable "key" {
  type      = string
  sensitive = true
}
provider "helm" {
  kubernetes {
    config_path = ${JSON.stringify(kubeconfig)}
  }
}
module "driver" {
  source                   = "../deploy/terraform"
  name_suffix              = "tf"
  namespace                = "terraform"
  wait                     = false
  verbose                  = var.verbose
  syncthing_api_key        = var.key
  syncthing_default_config = file("../deploy/terraform/examples/template/default_config.xml")
  resources                = { node = { limits = { memory = "1Gi" } } }
  tolerations              = { node = [{ operator = "Exists" }] }
  more_storage_classes     = { kept = { parameters = { onDelete = "archive" } } }
  extra_values             = { crds = { upgrade = false }, uninstallCheck = { create = false } }
}
output "storage_class" {
  value = module.driver.storage_class
}
`;
}

async function apply(...variables: readonly string[]): Promise<string> {
  const words = variables.flatMap((each) => ['-var', each]);
  return await workspace.tofu(root, ['apply', '-auto-approve', '-no-color', ...words]);
}

async function names(kind: string): Promise<readonly string[]> {
  const found = await server.kubectl(['get', kind, '-n', 'terraform', '-o', 'name']);
  return found.split('\n').filter((line) => line !== '');
}

const daemonSet = z.object({
  spec: z.object({
    template: z.object({
      metadata: z.object({ annotations: z.record(z.string(), z.string()) }),
      spec: z.object({
        containers: z.array(
          z.object({
            name: z.string(),
            env: z.array(z.object({ name: z.string(), value: z.string().optional() })),
          }),
        ),
      }),
    }),
  }),
});

async function readTemplate(): Promise<z.infer<typeof daemonSet>['spec']['template']> {
  const words = ['-n', 'terraform', 'get', 'daemonset', 'syncthing-csi-node-tf', '-o', 'json'];
  return daemonSet.parse(JSON.parse(await server.kubectl(words))).spec.template;
}

test('apply makes everything, and a second one nothing', async () => {
  const said = await apply(`key=${KEY}`);
  expect(said).toContain('2 added, 0 changed, 0 destroyed');
  expect(said).toContain('storage_class = "syncthing-tf"');
  expect(said).not.toContain(KEY);
  expect(await names('storageclass')).toEqual([
    'storageclass.storage.k8s.io/kept',
    'storageclass.storage.k8s.io/syncthing-tf',
  ]);
  expect(await names('crd')).toHaveLength(3);
  expect(await names('daemonset')).toEqual(['daemonset.apps/syncthing-csi-node-tf']);
  expect(await apply(`key=${KEY}`)).toContain('0 added, 0 changed, 0 destroyed');
});

test('the key is in one Secret, and in no ConfigMap', async () => {
  const secret = await server.kubectl([
    '-n',
    'terraform',
    'get',
    'secret',
    'syncthing-csi-key-tf',
    '-o',
    'jsonpath={.data.apiKey}',
  ]);
  expect(Buffer.from(secret, 'base64').toString()).toBe(KEY);
  const everything = await server.kubectl([
    'get',
    'all,configmap,storageclass,csidriver',
    '-A',
    '-o',
    'json',
  ]);
  expect(everything).not.toContain(KEY);
  expect(everything).not.toContain(secret);
});

test('a change is one change, shows no key, and reaches the nodes', async () => {
  const before = await readTemplate();
  const said = await apply(`key=${KEY}`, 'verbose=true');
  expect(said).toContain('0 added, 1 changed, 0 destroyed');
  expect(said).not.toContain(KEY);
  const after = await readTemplate();
  const levels = after.spec.containers.flatMap(({ env }) => env.filter(({ name }) => name === 'LOG_LEVEL'));
  expect(levels.map(({ value }) => value)).toEqual(['debug']);
  expect(after.metadata.annotations['checksum/api-key']).toBe(
    before.metadata.annotations['checksum/api-key'],
  );
});

test('another key changes the pods, so that they take it up', async () => {
  const before = await readTemplate();
  const said = await apply('key=another-key-of-24-letters', 'verbose=true');
  expect(said).not.toContain('another-key-of-24-letters');
  const after = await readTemplate();
  expect(after.metadata.annotations['checksum/api-key']).not.toBe(
    before.metadata.annotations['checksum/api-key'],
  );
});

test('destroy leaves the namespace and the definitions of the resources, and nothing else', async () => {
  const words = ['destroy', '-auto-approve', '-no-color', '-var', 'key=another-key-of-24-letters'];
  expect(await workspace.tofu(root, words)).toContain('2 destroyed');
  for (const kind of ['daemonset', 'deployment', 'storageclass', 'csidriver', 'secret', 'serviceaccount'])
    expect(await names(kind)).toEqual([]);
  expect(await names('crd')).toHaveLength(3);
});
