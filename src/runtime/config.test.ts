import { describe, expect, test } from 'vitest';
import { ConfigError, parseControllerConfig, parseNodeConfig } from './config.ts';

const node = { NAMESPACE: 'syncthing-csi', NODE_NAME: 'n1', POD_IP: '10.0.0.7' };
const controller = { NAMESPACE: 'syncthing-csi', POD_NAME: 'controller-0' };

test('a node needs three variables; the rest has defaults', () => {
  expect(parseNodeConfig(node)).toMatchObject({
    driverName: 'syncthing.csi.davepedu.com',
    storageLabel: 'syncthing.csi.davepedu.com/syncthing-storage',
    csiEndpoint: 'unix:///var/lib/kubelet/plugins/syncthing.csi.davepedu.com/csi.sock',
    registrationSocket: '/var/lib/kubelet/plugins_registry/syncthing.csi.davepedu.com-reg.sock',
    hostDataDir: '/var/syncthing-csi',
    hostProc: '/proc',
    detachWaitMs: 10_000,
    logLevel: 'info',
  });
});

test('the paths of a node follow the driver and the kubelet', () => {
  const config = parseNodeConfig({ ...node, DRIVER_NAME: 'two.example', KUBELET_DIR: '/data/kubelet' });
  expect(config).toMatchObject({
    storageLabel: 'two.example/syncthing-storage',
    csiEndpoint: 'unix:///data/kubelet/plugins/two.example/csi.sock',
    registrationSocket: '/data/kubelet/plugins_registry/two.example-reg.sock',
  });
});

test('a variable set to nothing is not set', () => {
  expect(parseNodeConfig({ ...node, DETACH_WAIT_MS: '', METRICS_ADDRESS: '' })).not.toHaveProperty(
    'metricsAddress',
  );
});

test('a controller', () => {
  const config = parseControllerConfig({
    ...controller,
    FAILOVER_AFTER_MS: '60000',
    METRICS_ADDRESS: ':9090',
  });
  expect(config).toMatchObject({
    podName: 'controller-0',
    failoverAfterMs: 60_000,
    metricsAddress: ':9090',
    attach: false,
  });
  expect(parseControllerConfig({ ...controller, ATTACH: 'true' }).attach).toBe(true);
  expect(() => parseControllerConfig({ ...controller, ATTACH: 'yes' })).toThrow('ATTACH is neither true nor');
});

describe('what is wrong is named', () => {
  test.for([
    [{ DRIVER_NAME: 'Bad_Name' }, 'DRIVER_NAME is not a domain name'],
    [{ DRIVER_NAME: 'ends-in-1' }, 'DRIVER_NAME is not a domain name'],
    [{ DRIVER_NAME: 'x'.repeat(64) }, 'DRIVER_NAME has more than 63 characters'],
    [{ HOST_DATA_DIR: 'relative' }, 'HOST_DATA_DIR is not a plain absolute path'],
    [{ HOST_DATA_DIR: '/' }, 'HOST_DATA_DIR is not a plain absolute path'],
    [{ HOST_DATA_DIR: '/a/../b' }, 'HOST_DATA_DIR is not a plain absolute path'],
    [{ POD_IP: 'n1' }, 'POD_IP is not an IP address'],
    [{ SYNC_PORT: '70000' }, 'SYNC_PORT'],
    [{ SYNC_PORT: 'ssh' }, 'SYNC_PORT is not a port'],
    [{ DETACH_WAIT_MS: '10s' }, 'DETACH_WAIT_MS is not a whole number of milliseconds'],
    [{ DETACH_WAIT_MS: '-1' }, 'DETACH_WAIT_MS'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL is not one of debug, info, warn, error'],
    [{ METRICS_ADDRESS: '9090' }, 'METRICS_ADDRESS is neither'],
    [{ NODE_NAME: undefined }, 'NODE_NAME is not set'],
    [{ SYNCTHING_SOCKET: `/${'s'.repeat(107)}` }, 'the path has 108 bytes'],
    [{ CSI_ENDPOINT: `unix:///${'s'.repeat(107)}` }, 'the path has 108 bytes'],
    [
      { DRIVER_NAME: 'd'.repeat(63), KUBELET_DIR: '/snap/microk8s/var/lib/kubelet' },
      "d-reg.sock: the path has 120 bytes, a unix socket's may have 107: choose a shorter DRIVER_NAME",
    ],
  ] as const)('%j', ([wrong, message]) => {
    const parse = () => parseNodeConfig({ ...node, ...wrong });
    expect(parse).toThrow(ConfigError);
    expect(parse).toThrow(message);
  });

  test('all at once', () => {
    expect(() => parseNodeConfig({ NODE_NAME: 'n1', POD_IP: 'x' })).toThrow(
      /NAMESPACE is not set.*POD_IP is not an IP/,
    );
  });
});
