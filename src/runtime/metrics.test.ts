import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';

test('a page as Prometheus reads it', () => {
  const metrics = createMetrics();
  const calls = metrics.counter('calls_total', 'Calls\nof all kinds');
  calls.add({ code: 'OK' });
  calls.add({ code: 'OK' }, 2);
  calls.add({ code: 'a"b\\c\nd' });
  const volumes = metrics.gauge('volumes', 'Volumes');
  volumes.set({}, 3);
  volumes.set({}, 4);
  const seconds = metrics.histogram('seconds', 'Durations', [1, 5]);
  for (const value of [0.5, 1, 3, 9]) seconds.observe({ m: 'x' }, value);
  expect(metrics.render()).toBe(`# HELP calls_total Calls\\nof all kinds
# TYPE calls_total counter
calls_total{code="OK"} 3
calls_total{code="a\\"b\\\\c\\nd"} 1
# HELP volumes Volumes
# TYPE volumes gauge
volumes 4
# HELP seconds Durations
# TYPE seconds histogram
seconds_bucket{m="x",le="1"} 2
seconds_bucket{m="x",le="5"} 3
seconds_bucket{m="x",le="+Inf"} 4
seconds_sum{m="x"} 13.5
seconds_count{m="x"} 4
`);
});

test('what a gauge showed before is forgotten when it is cleared', () => {
  const metrics = createMetrics();
  const gauge = metrics.gauge('volumes', 'Volumes');
  gauge.set({ node: 'n1' }, 3);
  gauge.clear();
  expect(metrics.render()).not.toContain('n1');
});

test('a name is registered once', () => {
  const metrics = createMetrics();
  metrics.counter('x', 'X');
  expect(() => metrics.gauge('x', 'X')).toThrow('metric x is registered twice');
});
