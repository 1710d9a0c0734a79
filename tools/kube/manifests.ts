/** Claims and pods as users write them. */
import type { KubernetesObject, V1PersistentVolumeClaim, V1Pod, V1PodSpec } from '@kubernetes/client-node';

/** The client's types are classes; what is written here are plain objects of the same shape. */
type Plain<T> = { [K in keyof T]: T[K] };

/** A busybox made from Debian's static one by `make images`; any image with a shell would do. */
export const SHELL_IMAGE = 'local.test/busybox:dev';
export const MOUNT_PATH = '/data';

export interface ClaimOptions {
  readonly namespace: string;
  readonly name: string;
  readonly storageClass?: string;
  readonly size?: string;
  readonly accessModes?: readonly string[];
  readonly volumeMode?: string;
  /** A PersistentVolume that somebody made; absent: one is provisioned. */
  readonly volumeName?: string;
}

export function namespaceManifest(name: string): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

export function claimManifest(options: ClaimOptions): V1PersistentVolumeClaim {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: options.name, namespace: options.namespace },
    spec: {
      accessModes: [...(options.accessModes ?? ['ReadWriteOnce'])],
      storageClassName: options.storageClass ?? 'syncthing',
      ...(options.volumeMode === undefined ? {} : { volumeMode: options.volumeMode }),
      ...(options.volumeName === undefined ? {} : { volumeName: options.volumeName }),
      resources: { requests: { storage: options.size ?? '1Gi' } },
    },
  };
}

export interface PodOptions {
  readonly namespace: string;
  readonly name: string;
  /** Absent: the scheduler chooses. */
  readonly node?: string;
  /** Absent: a pod without a volume. */
  readonly claim?: string;
  /** The claim's volume is mounted read-only. */
  readonly readOnly?: boolean;
  /** A shell script; the default waits for SIGTERM. */
  readonly script?: string;
  readonly hostPath?: string;
  /** A busybox unless given. */
  readonly image?: string;
}

/** Ends at once on SIGTERM: a shell that is PID 1 ignores it otherwise, and the pod's end takes its grace time. */
export const WAIT_SCRIPT = 'trap "exit 0" TERM INT; while :; do sleep 3600 & wait $!; done';

function volumesOf(
  options: Pick<PodOptions, 'claim' | 'readOnly' | 'hostPath'>,
): Pick<Plain<V1PodSpec>, 'volumes'> {
  if (options.claim !== undefined) {
    const readOnly = options.readOnly === true ? { readOnly: true } : {};
    return {
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: options.claim, ...readOnly } }],
    };
  }
  return options.hostPath === undefined
    ? {}
    : { volumes: [{ name: 'data', hostPath: { path: options.hostPath, type: 'DirectoryOrCreate' } }] };
}

export function podSpec(options: Omit<PodOptions, 'name' | 'namespace'>): Plain<V1PodSpec> {
  const volumes = volumesOf(options);
  const mounts =
    volumes.volumes === undefined ? {} : { volumeMounts: [{ name: 'data', mountPath: MOUNT_PATH }] };
  return {
    ...(options.node === undefined ? {} : { nodeSelector: { 'kubernetes.io/hostname': options.node } }),
    terminationGracePeriodSeconds: 10,
    containers: [
      {
        name: 'main',
        image: options.image ?? SHELL_IMAGE,
        imagePullPolicy: 'IfNotPresent',
        command: ['sh', '-c', options.script ?? WAIT_SCRIPT],
        ...mounts,
      },
    ],
    ...volumes,
  };
}

export function podManifest(options: PodOptions): V1Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: options.name, namespace: options.namespace, labels: { app: options.name } },
    spec: { restartPolicy: 'Never', ...podSpec(options) },
  };
}
