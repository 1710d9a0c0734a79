import type { KubernetesObject } from '@kubernetes/client-node';
import { afterEach, describe, expect, it } from 'vitest';
import { waitUntil } from '../../tools/host/wait-until.ts';
import { ensure, kubectl, remove } from '../../tools/kube/kube.ts';
import { podManifest } from '../../tools/kube/manifests.ts';
import { claimRef, waitForGone } from '../../tools/kube/wait-for.ts';
import { deploy, undeploy } from '../../tools/deploy/deploy.ts';
import { DRIVER_NAME, DRIVER_NAMESPACE, STORAGE_LABEL } from '../../tools/kube/volumes.ts';
import { endPod, labelNodes, makeClaim, useStage } from './fixture.ts';
import { HOST_DATA_DIR, onNode } from './node-files.ts';

const stage = useStage('bad-input');

function storageClass(name: string, parameters: Readonly<Record<string, string>>): KubernetesObject {
  const found = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: DRIVER_NAME,
    parameters,
  };
  return found as KubernetesObject;
}

/** Waits until `kubectl describe` of the object says all of `texts`. */
async function describeSays(
  kind: string,
  name: string,
  texts: readonly string[],
  { timeoutMs = 90_000, namespace = stage.namespace } = {},
): Promise<void> {
  let described = '';
  const ask = async () => {
    const words = ['-n', namespace, 'describe', kind, ...(name === '' ? [] : [name])];
    described = await kubectl(stage.kube, words);
    return texts.every((text) => described.includes(text)) ? true : undefined;
  };
  const options = {
    signal: stage.kube.signal,
    timeoutMs,
    everyMs: 500,
    what: `describe ${kind} ${name} to say: ${texts.join(' | ')}`,
  };
  await waitUntil(ask, options).catch((error: unknown) => {
    throw new Error(described, { cause: error });
  });
}

async function dropClaim(name: string): Promise<void> {
  await remove(stage.kube, claimRef(stage.namespace, name));
  await waitForGone(stage.kube, claimRef(stage.namespace, name));
}

afterEach(async () => {
  await labelNodes(stage.kube, ['node1', 'node2']);
});

describe('what is wrong is said where the user looks', () => {
  it('an unknown StorageClass parameter, by its name', async () => {
    const ref = {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'e2e-unknown-parameter' },
    };
    await ensure(stage.kube, storageClass('e2e-unknown-parameter', { replica: '2' }));
    await makeClaim(stage, 'unknown-parameter', { storageClass: 'e2e-unknown-parameter' });
    await describeSays('pvc', 'unknown-parameter', ['"replica"', 'replicas']);
    await dropClaim('unknown-parameter');
    await remove(stage.kube, ref);
  });

  it('ReadWriteMany without access: eventual', async () => {
    await makeClaim(stage, 'rwx', { accessModes: ['ReadWriteMany'] });
    await describeSays('pvc', 'rwx', ['access: eventual']);
    await dropClaim('rwx');
  });

  it('raw block', async () => {
    await makeClaim(stage, 'block', { volumeMode: 'Block' });
    await describeSays('pvc', 'block', ['block']);
    await dropClaim('block');
  });

  it('a size of zero', async () => {
    await expect(makeClaim(stage, 'zero', { size: '0' })).rejects.toThrow(/greater than zero/);
  });

  it('no data node at all', async () => {
    await labelNodes(stage.kube, []);
    await makeClaim(stage, 'nowhere');
    await describeSays('pvc', 'nowhere', ['kubectl label node', STORAGE_LABEL]);
    await labelNodes(stage.kube, ['node1', 'node2']);
    await describeSays('pvc', 'nowhere', ['Bound'], { timeoutMs: 120_000 });
    await dropClaim('nowhere');
  });

  it('a data node whose disk is full', async () => {
    await labelNodes(stage.kube, ['node1']);
    const filler = `${HOST_DATA_DIR}/filler`;
    await onNode(stage.kube, 'node1', [
      'sh',
      '-c',
      `fallocate -l $(($(df -B1 --output=avail ${HOST_DATA_DIR} | tail -1) - 50000000)) ${filler}`,
    ]);
    try {
      const unfit = async () => {
        const text = await kubectl(stage.kube, [
          '-n',
          'syncthing-csi',
          'get',
          'stnode',
          'node1',
          '-o',
          'jsonpath={.status.unfit}',
        ]);
        return text === '' ? undefined : text;
      };
      await waitUntil(unfit, {
        signal: stage.kube.signal,
        timeoutMs: 120_000,
        what: 'node1 to report that it is full',
      });
      await makeClaim(stage, 'full');
      await describeSays('pvc', 'full', ['node1', 'free']);
    } finally {
      await onNode(stage.kube, 'node1', ['rm', '-f', filler]);
    }
    await dropClaim('full');
  });

  it('a Syncthing that does not answer', async () => {
    const signal = async (name: string) =>
      await onNode(stage.kube, 'node1', [
        'sh',
        '-c',
        `for p in /proc/[0-9]*; do case "$(tr '\\0' ' ' < $p/cmdline 2>/dev/null) " in *"sh -c"*) ;; *"/syncthing serve"*) kill -${name} "\${p#/proc/}";; esac; done`,
      ]);
    await signal('STOP');
    try {
      // Its copy cannot be set up: a claim made earlier might have been granted on the strength of what was.
      await makeClaim(stage, 'mute');
      await describeSays('pvc', 'mute', ['Bound']);
      await ensure(
        stage.kube,
        podManifest({ namespace: stage.namespace, name: 'mute', node: 'node1', claim: 'mute' }),
      );
      await describeSays('pod', 'mute', ['Syncthing on node1 does not answer'], {
        timeoutMs: 200_000,
      });
    } finally {
      await signal('CONT');
    }
    await endPod(stage, 'mute');
    await dropClaim('mute');
  });

  it('a volume id that leads out of the data directory', async () => {
    const volume = { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'e2e-outside' } };
    // One that an interrupted run left belongs to its claim.
    await remove(stage.kube, volume);
    await waitForGone(stage.kube, volume);
    await ensure(stage.kube, {
      ...volume,
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        persistentVolumeReclaimPolicy: 'Retain',
        storageClassName: 'syncthing',
        claimRef: { namespace: stage.namespace, name: 'outside' },
        csi: { driver: DRIVER_NAME, volumeHandle: '../../etc' },
      },
    } as KubernetesObject);
    await makeClaim(stage, 'outside', { volumeName: 'e2e-outside' });
    const pod = { namespace: stage.namespace, name: 'outside', node: 'node1', claim: 'outside' };
    await ensure(stage.kube, podManifest(pod));
    await describeSays('pod', 'outside', ['volume_id: holds a path']);
    await endPod(stage, 'outside');
    await dropClaim('outside');
    await remove(stage.kube, volume);
  });

  it('a second instance on the same host_data_dir', async () => {
    const namespace = 'e2e-second';
    const set = { driverName: 'second.example.com', nameSuffix: 'second' };
    const release = { name: 'second', namespace, set, wait: false };
    const claimed = `is taken by driver ${DRIVER_NAME} in namespace ${DRIVER_NAMESPACE}`;
    await expect(deploy(stage.kube, release)).rejects.toThrow(claimed);
    // Without the word by which the chart knows of the first instance, its nodes have to see to it.
    const annotate = (note: string) =>
      kubectl(stage.kube, ['annotate', 'csidriver', DRIVER_NAME, `syncthing-csi.io/namespace${note}`]);
    await annotate('-');
    try {
      await deploy(stage.kube, release);
      await describeSays('pod', '', [`belongs to driver ${DRIVER_NAME}`, 'second.example.com'], {
        namespace,
      });
    } finally {
      await annotate(`=${DRIVER_NAMESPACE}`);
      await undeploy(stage.kube, release, { force: true });
      const ref = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
      await remove(stage.kube, ref);
      await waitForGone(stage.kube, ref);
    }
  });
});
