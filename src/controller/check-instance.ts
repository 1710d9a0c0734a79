/** Two instances in one cluster: what each has to have alone is looked at before anything is served. */
import type { KubernetesClient } from '../kubernetes/client.ts';
import { isKubernetesError, type KubernetesErrorKind } from '../kubernetes/errors.ts';
import { labelValue } from '../kubernetes/labels.ts';
import { CSI_DRIVERS, NODE_OWNERS } from '../kubernetes/resource-kind.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Logger } from '../runtime/logger.ts';

export type InstanceErrorKind =
  /** The CSIDriver of that name belongs to an instance in another namespace. */
  | 'driver-name-taken'
  /** The namespace has resources of an instance with another driver name. */
  | 'namespace-taken';

export class InstanceError extends Error {
  override readonly name = 'InstanceError';
  readonly kind: InstanceErrorKind;

  constructor(kind: InstanceErrorKind, message: string) {
    super(message);
    this.kind = kind;
  }
}

export interface InstanceCheck {
  readonly client: Pick<KubernetesClient, 'get' | 'list' | 'namespace'>;
  readonly driverName: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const RETRY_MS = 2000;

/** None of these says that the place is taken; `unexpected` is what a CRD is that is not installed yet. */
const LATER: readonly KubernetesErrorKind[] = [
  'unreachable',
  'timeout',
  'too-many-requests',
  'gone',
  'unexpected',
];

/** Rejects with InstanceError; waits for an API server that does not answer, until the signal fires. */
export async function checkInstance(check: InstanceCheck): Promise<void> {
  const { clock, log, signal } = check;
  while (!signal.aborted) {
    try {
      await checkDriverName(check);
      return await checkNamespace(check);
    } catch (error) {
      if (signal.aborted) return;
      if (!isKubernetesError(error, ...LATER)) throw error;
      log.warn({ error }, 'whether another instance is in the way cannot be asked yet');
    }
    await clock.sleep(RETRY_MS, signal).catch(() => undefined);
  }
}

async function checkDriverName({ client, driverName, signal }: InstanceCheck): Promise<void> {
  const { namespace } = client;
  const owner = await client.get(CSI_DRIVERS, driverName, { signal }).then(
    (found) => found.namespace,
    (error: unknown) => {
      // Made by nobody yet, or by somebody who gave us no right to look: then the chart has to see to it.
      if (isKubernetesError(error, 'not-found', 'forbidden')) return undefined;
      throw error;
    },
  );
  if (owner === undefined || owner === namespace) return;
  throw new InstanceError(
    'driver-name-taken',
    `driver ${driverName} belongs to the instance in namespace ${owner}, and this one is in ${namespace}: ` +
      'give each instance a driver name of its own',
  );
}

/** Nodes are named alike for all, so that two instances would write into the same SyncthingNodes. */
async function checkNamespace({ client, driverName, signal }: InstanceCheck): Promise<void> {
  const { namespace } = client;
  const { items } = await client.list(NODE_OWNERS, {}, { signal });
  const other = items.find(({ driver }) => driver !== undefined && driver !== labelValue(driverName));
  if (other === undefined) return;
  throw new InstanceError(
    'namespace-taken',
    `namespace ${namespace} has resources of driver ${other.driver}, and this is driver ${driverName}: give each ` +
      `instance a namespace of its own; where that one is gone for good, kubectl -n ${namespace} delete stnode --all`,
  );
}
