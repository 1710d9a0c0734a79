/** The Terraform module as its users use it: an instance beside the one that is there, changed in use, and taken away. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kubectl, remove, shell } from '../../tools/kube/kube.ts';
import { claimRef, waitForBound, waitForGone } from '../../tools/kube/wait-for.ts';
import { waitUntil } from '../../tools/host/wait-until.ts';
import { DRIVER_NAMESPACE, listVolumes } from '../../tools/kube/volumes.ts';
import { openWorkspace, type Workspace } from '../../tools/terraform/workspace.ts';
import { endPod, inPod, makeClaim, NODES, startPod, useStage } from './fixture.ts';
import { onNode } from './node-files.ts';

const DRIVER = 'terraform.example.com';
const NAMESPACE = 'e2e-terraform-driver';
const DATA = '/var/syncthing-csi-terraform';
const LABEL = `${DRIVER}/syncthing-storage`;
const KEY = 'the-key-of-the-e2e-test';
const stage = useStage('terraform');
let workspace: Workspace;
let root: string;

/** Version 1 of the provider, see deploy/terraform/README.md; the images are those of the local cluster. */
function configuration(): string {
  return `
variable "verbose" {
  type    = bool
  default = false
}
provider "helm" {
  kubernetes {
    config_path = ${JSON.stringify(stage.kube.paths.kubeconfig)}
  }
}
module "driver" {
  source                   = "../deploy/terraform"
  driver_name              = "${DRIVER}"
  host_data_dir            = "${DATA}"
  name_suffix              = "tf"
  namespace                = "${NAMESPACE}"
  verbose                  = var.verbose
  syncthing_api_key        = "${KEY}"
  syncthing_default_config = file("../deploy/terraform/examples/template/default_config.xml")
  timeout                  = 240
  images = {
    driver      = { repository = "local.test/syncthing-csi", tag = "dev" }
    syncthing   = { repository = "local.test/syncthing", tag = "dev", command = "/syncthing" }
    provisioner = { repository = "local.test/csi-provisioner", tag = "dev" }
  }
  extra_values = { timings = { trashGrace = 10000 } }
}
output "storage_label" {
  value = module.driver.storage_label
}
output "storage_class" {
  value = module.driver.storage_class
}
`;
}

async function tofu(...words: readonly string[]): Promise<string> {
  return await workspace.tofu(root, [...words, '-no-color'], 400_000);
}

async function inDriver(...words: readonly string[]): Promise<string> {
  return await kubectl(stage.kube, ['-n', NAMESPACE, ...words]);
}

/** Also what an interrupted run left: the release, its resources, its data on the nodes, its label. */
async function clear(): Promise<void> {
  for (const { name } of await listVolumes(stage.kube, NAMESPACE))
    await inDriver('patch', 'stvol', name, '--type=merge', '-p', '{"metadata":{"finalizers":[]}}');
  const helm = ['delete', 'secret', '-l', 'owner=helm', '--ignore-not-found'];
  await inDriver(...helm);
  const all = 'daemonset,deployment,job,serviceaccount,role,rolebinding,configmap,secret';
  await inDriver('delete', all, '-l', 'app.kubernetes.io/instance=syncthing-csi-tf', '--ignore-not-found');
  const wide = 'clusterrole,clusterrolebinding,storageclass,csidriver';
  await kubectl(stage.kube, ['delete', wide, '-l', 'app.kubernetes.io/instance=syncthing-csi-tf']);
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  await remove(stage.kube, namespace);
  await waitForGone(stage.kube, namespace);
  for (const node of NODES) {
    await kubectl(stage.kube, ['label', 'node', node, `${LABEL}-`]);
    await onNode(stage.kube, node, ['rm', '-rf', DATA]);
  }
}

beforeAll(async () => {
  const { checkout, bin } = stage.kube.paths;
  workspace = openWorkspace({ checkout, bin, architecture: process.arch, signal: stage.kube.signal });
  await clear();
  root = workspace.root('e2e', configuration());
  await tofu('init');
});
afterAll(async () => {
  // While there is a driver that can unmount.
  for (const pod of ['writer', 'reader']) await endPod(stage, pod);
  await remove(stage.kube, claimRef(stage.namespace, 'tf'));
  await waitForGone(stage.kube, claimRef(stage.namespace, 'tf'));
  await clear();
  workspace?.[Symbol.dispose]();
});

describe('terraform', () => {
  it('apply: an instance of its own, whose volumes work', async () => {
    const said = await tofu('apply', '-auto-approve');
    expect(said).toContain('2 added, 0 changed, 0 destroyed');
    expect(said).toContain(`storage_label = "${LABEL}"`);
    expect(said).not.toContain(KEY);
    for (const node of ['node1', 'node2'])
      await kubectl(stage.kube, ['label', 'node', node, `${LABEL}=yes`, '--overwrite']);
    await makeClaim(stage, 'tf', { storageClass: 'syncthing-tf' });
    await startPod(stage, 'writer', { node: 'node1', claim: 'tf' });
    await shell(stage.kube, 'echo before > /data/file; sync', inPod(stage, 'writer'));
  });

  it('the key is the same on every node, the template’s rates hold, and the daemon is closed', async () => {
    const pods = await inDriver('get', 'pods', '-l', 'app.kubernetes.io/component=node', '-o', 'name');
    const names = pods.split('\n').filter((line) => line !== '');
    expect(names).toHaveLength(NODES.length);
    for (const pod of names) {
      const home = `${DATA}/syncthing`;
      const said = await inDriver(
        'exec',
        pod,
        '-c',
        'node',
        '--',
        'cat',
        `${home}/api-key`,
        `${home}/config.xml`,
      );
      expect(said.startsWith(`${KEY}\n`)).toBe(true);
      expect(said).toContain('<maxSendKbps>20000</maxSendKbps>');
      expect(said).toContain('<relaysEnabled>false</relaysEnabled>');
    }
  });

  it('change: the driver is replaced under a pod that goes on writing', async () => {
    expect(await tofu('apply', '-auto-approve', '-var', 'verbose=true')).toContain('1 changed');
    const level = `{.spec.template.spec.containers[?(@.name=="node")].env[?(@.name=="LOG_LEVEL")].value}`;
    expect(await inDriver('get', 'daemonset', 'syncthing-csi-node-tf', '-o', `jsonpath=${level}`)).toBe(
      'debug',
    );
    await shell(stage.kube, 'echo after >> /data/file; sync', inPod(stage, 'writer'));
    await endPod(stage, 'writer');
    await startPod(stage, 'reader', { node: 'node2', claim: 'tf' });
    expect(await shell(stage.kube, 'cat /data/file', inPod(stage, 'reader'))).toBe('before\nafter');
    await endPod(stage, 'reader');
  });

  it('a plan after that changes nothing', async () => {
    const said = await tofu('plan', '-detailed-exitcode', '-var', 'verbose=true');
    expect(said).toContain('No changes');
  });

  it('destroy: nothing of it is left in the cluster but its namespace, and the other instance works', async () => {
    const volume = await waitForBound(stage.kube, stage.namespace, 'tf');
    await remove(stage.kube, claimRef(stage.namespace, 'tf'));
    await waitForGone(stage.kube, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: volume },
    });
    const gone = async () => ((await listVolumes(stage.kube, NAMESPACE)).length === 0 ? true : undefined);
    await waitUntil(gone, { signal: stage.kube.signal, timeoutMs: 120_000, what: 'the volume to be gone' });
    expect(await tofu('destroy', '-auto-approve', '-var', 'verbose=true')).toContain('2 destroyed');
    const wide = 'clusterrole,clusterrolebinding,storageclass,csidriver';
    const words = ['get', wide, '-l', 'app.kubernetes.io/instance=syncthing-csi-tf', '-o', 'name'];
    expect(await kubectl(stage.kube, words)).toBe('');
    expect(await inDriver('get', 'daemonset,deployment,secret', '-o', 'name')).toBe('');
    expect(await onNode(stage.kube, 'node1', ['ls', DATA])).toContain('store-id');
    const rollout = ['-n', DRIVER_NAMESPACE, 'rollout', 'status', 'daemonset/syncthing-csi-node'];
    expect(await kubectl(stage.kube, [...rollout, '--timeout=60s'])).toContain('successfully rolled out');
  });
});
