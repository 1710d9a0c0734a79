import { status } from '@grpc/grpc-js';
import type { Clock } from '../runtime/clock.ts';
import type { Metrics } from '../runtime/metrics.ts';
import { callBuckets } from '../runtime/metrics.ts';
import type { Interceptor } from './rpc.ts';
import { statusName, toStatus } from './status.ts';

/** Calls by method and gRPC code, and how long they took; the names follow those of the Kubernetes sidecars. */
export function measureCalls(metrics: Metrics, clock: Clock): Interceptor {
  const total = metrics.counter('csi_plugin_operations_total', 'CSI calls answered, by method and gRPC code');
  const seconds = metrics.histogram(
    'csi_plugin_operations_seconds',
    'Duration of CSI calls by method and code',
    callBuckets,
  );
  return (method, next) => {
    const methodName = `/${method.service}/${method.name}`;
    function record(started: number, code: status): void {
      const labels = { method_name: methodName, grpc_status_code: statusName(code) };
      total.add(labels);
      seconds.observe(labels, (clock.now() - started) / 1000);
    }
    return async (request, context) => {
      const started = clock.now();
      try {
        const response = await next(request, context);
        record(started, status.OK);
        return response;
      } catch (error) {
        record(started, toStatus(error).code);
        throw error;
      }
    };
  };
}
