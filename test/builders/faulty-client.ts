/** An API server that is cut off at one chosen write: before it was applied, or after, with the answer lost. */
import type { KubernetesClient } from '../../src/kubernetes/client.ts';
import { KubernetesError } from '../../src/kubernetes/errors.ts';

export interface Fault {
  /** Which write fails, from 1; 0 for none. */
  readonly at: number;
  readonly when: 'before' | 'after';
  /** Called at the fault, e.g. to kill the controller. */
  readonly onFault?: () => void;
}

export interface FaultyClient extends KubernetesClient {
  /** Writes tried so far. */
  readonly writes: number;
}

export function createFaultyClient(client: KubernetesClient, fault: Fault): FaultyClient {
  let writes = 0;
  async function write<T>(what: string, call: () => Promise<T>): Promise<T> {
    writes += 1;
    const isFault = writes === fault.at;
    if (isFault && fault.when === 'before') throw failed(what);
    const result = await call();
    if (isFault) throw failed(what);
    return result;
  }
  function failed(what: string): KubernetesError {
    fault.onFault?.();
    return new KubernetesError('unreachable', `${what}: connection reset`);
  }
  return {
    get writes() {
      return writes;
    },
    namespace: client.namespace,
    get: (kind, name, options) => client.get(kind, name, options),
    list: (kind, selector, options) => client.list(kind, selector, options),
    watch: (kind, options) => client.watch(kind, options),
    create: (kind, draft, options) =>
      write(`create ${draft.name}`, () => client.create(kind, draft, options)),
    replaceSpec: (kind, target, spec, options) =>
      write(`spec of ${target.name}`, () => client.replaceSpec(kind, target, spec, options)),
    replaceStatus: (kind, target, status, options) =>
      write(`status of ${target.name}`, () => client.replaceStatus(kind, target, status, options)),
    replaceFinalizers: (kind, target, finalizers, options) =>
      write(`finalizers of ${target.name}`, () =>
        client.replaceFinalizers(kind, target, finalizers, options),
      ),
    mergePatch: (kind, target, patch, options) =>
      write(`patch of ${target.name}`, () => client.mergePatch(kind, target, patch, options)),
    delete: (kind, target, options) =>
      write(`delete ${target.name}`, () => client.delete(kind, target, options)),
    createEvent: (event, options) => client.createEvent(event, options),
  };
}
