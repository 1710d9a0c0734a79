import type { KubernetesObject, V1StorageClass } from '@kubernetes/client-node';
import { afterAll, beforeAll } from 'vitest';
import { ensure, read, remove } from '../../tools/kube/kube.ts';
import { makeClaim, type Stage } from './fixture.ts';

const CLASS = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass' } as const;

/** A class of the same instance, whose volumes many nodes write, for a file of tests; makes claims of it. */
export function useSharedClass(stage: Stage): (claim: string) => Promise<void> {
  const name = `${stage.namespace}-eventual`;
  const ref = { ...CLASS, metadata: { name } };
  beforeAll(async () => {
    type Class = KubernetesObject & Pick<V1StorageClass, 'provisioner' | 'parameters'>;
    const own = await read<Class>(stage.kube, { ...CLASS, metadata: { name: 'syncthing' } });
    if (own === undefined) throw new Error('there is no StorageClass syncthing: run make deploy');
    const shared: Class = { ...ref, provisioner: own.provisioner, parameters: { access: 'eventual' } };
    await ensure(stage.kube, shared);
  });
  afterAll(() => remove(stage.kube, ref));
  return (claim) => makeClaim(stage, claim, { storageClass: name, accessModes: ['ReadWriteMany'] });
}
