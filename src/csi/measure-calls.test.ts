import { expect, test } from 'vitest';
import { createFakeClock } from '../runtime/fake-clock.ts';
import { silentLogger } from '../runtime/logger.ts';
import { createMetrics } from '../runtime/metrics.ts';
import { CsiError } from './errors.ts';
import { measureCalls } from './measure-calls.ts';

test('calls are counted by method and code, and timed', async () => {
  const clock = createFakeClock();
  const metrics = createMetrics();
  const measured = measureCalls(metrics, clock);
  const method = {
    service: 'csi.v1.Node',
    name: 'NodeStageVolume',
    requestType: 'csi.v1.NodeStageVolumeRequest',
  };
  const context = { signal: new AbortController().signal, deadlineMs: 0, log: silentLogger };
  const slow = measured(method, async () => {
    await clock.advance(2000);
    return {};
  });
  await slow({}, context);
  const refused = measured(method, () => Promise.reject(new CsiError('aborted', 'pending')));
  await expect(refused({}, context)).rejects.toThrow('pending');
  const page = metrics.render();
  const labels = 'method_name="/csi.v1.Node/NodeStageVolume",grpc_status_code=';
  expect(page).toContain(`csi_plugin_operations_total{${labels}"OK"} 1`);
  expect(page).toContain(`csi_plugin_operations_total{${labels}"ABORTED"} 1`);
  expect(page).toContain(`csi_plugin_operations_seconds_sum{${labels}"OK"} 2`);
  expect(page).toContain(`csi_plugin_operations_seconds_bucket{${labels}"OK",le="1"} 0`);
  expect(page).toContain(`csi_plugin_operations_seconds_bucket{${labels}"OK",le="2.5"} 1`);
});
