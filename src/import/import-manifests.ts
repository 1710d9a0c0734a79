/** What a user applies to have the imported volume in a pod: a static PersistentVolume, and the claim that is bound to it. */
import type { ImportRequest } from './import-request.ts';

export interface ImportedVolume {
  readonly driverName: string;
  /** Of the PersistentVolume; the controller finds it by the same name. */
  readonly name: string;
  readonly volumeId: string;
  readonly request: ImportRequest;
}

/** Retained: an import is not to be deleted with its claim unless somebody says so. */
export function importManifests({ driverName, name, volumeId, request }: ImportedVolume): object {
  const { claim, size } = request;
  const shared = { accessModes: ['ReadWriteOnce'], storageClassName: '' };
  const claimRef = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', ...claim };
  const persistentVolume = {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      ...shared,
      capacity: { storage: size },
      persistentVolumeReclaimPolicy: 'Retain',
      claimRef,
      csi: { driver: driverName, volumeHandle: volumeId },
    },
  };
  const persistentVolumeClaim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: claim,
    spec: { ...shared, volumeName: name, resources: { requests: { storage: size } } },
  };
  return { apiVersion: 'v1', kind: 'List', items: [persistentVolume, persistentVolumeClaim] };
}
