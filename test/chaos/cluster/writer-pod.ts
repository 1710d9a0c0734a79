/** Pods that write: the driver's image for its Node.js, the volume, and a directory on the host for what they say. */
import type { V1Pod } from '@kubernetes/client-node';
import type { NodeName } from '../plan/fault-kind.ts';
import { insideMachines, NAMESPACE, podDirectory, type Stage } from './stage.ts';

export const WRITER_BUNDLE = 'writer.mjs';

export interface WriterPod {
  readonly name: string;
  readonly claim: string;
  readonly node: NodeName;
  /** Reads and changes nothing. */
  readonly quiet: boolean;
}

/** It is started again where it dies, as most users' pods are. */
export function writerPod(stage: Stage, { name, claim, node, quiet }: WriterPod): V1Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NAMESPACE },
    spec: {
      nodeSelector: { 'kubernetes.io/hostname': node },
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 15,
      containers: [
        {
          name: 'writer',
          image: 'local.test/syncthing-csi:dev',
          imagePullPolicy: 'IfNotPresent',
          command: ['node', '--experimental-ffi', `/chaos/${WRITER_BUNDLE}`, name],
          env: [
            { name: 'WRITER_NAME', value: name },
            { name: 'WRITER_QUIET', value: quiet ? 'yes' : 'no' },
          ],
          volumeMounts: [
            { name: 'data', mountPath: '/data' },
            { name: 'log', mountPath: '/log' },
            { name: 'chaos', mountPath: '/chaos', readOnly: true },
          ],
        },
      ],
      volumes: [
        { name: 'data', persistentVolumeClaim: { claimName: claim } },
        {
          name: 'log',
          hostPath: { path: insideMachines(stage, podDirectory(stage, name)), type: 'Directory' },
        },
        { name: 'chaos', hostPath: { path: insideMachines(stage, stage.directory), type: 'Directory' } },
      ],
    },
  };
}
