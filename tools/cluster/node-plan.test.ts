import { describe, expect, it } from 'vitest';
import { MAX_NODES, controlPlaneMachine, nodeMachine, nodeMachines } from './address-plan.ts';
import { CERTIFICATES, kubeconfig, opensslConfig } from './certificate-plan.ts';
import { API_SERVER, CONTROL_PLANE_CLIENTS, CONTROL_PLANE_PKI } from './control-plane-plan.ts';
import { PAUSE_IMAGE, cniConfiguration, containerdConfiguration, nodeEtc } from './node-plan.ts';

const machines = [controlPlaneMachine(), ...nodeMachines(3)];

describe('nodeEtc', () => {
  const etc = nodeEtc(nodeMachine(2), machines, 'a'.repeat(32));

  it('knows every machine by name', () => {
    for (const { name, address } of machines) expect(etc['etc/hosts']).toContain(`${address} ${name}`);
  });

  it('names no name server: nothing of the host may be asked', () => {
    expect(etc['etc/resolv.conf']).toBe('');
  });

  it('gives a machine without pods no pod network', () => {
    expect(Object.keys(nodeEtc(controlPlaneMachine(), machines, 'a'))).not.toContain(
      'etc/cni/net.d/10-pods.conflist',
    );
  });
});

describe('cniConfiguration', () => {
  it('hands out addresses of the node’s own range only', () => {
    expect(JSON.stringify(cniConfiguration(nodeMachine(2)))).toContain(
      '"subnet":"10.220.18.0/24","gateway":"10.220.18.1"',
    );
  });
});

describe('containerdConfiguration', () => {
  it('pins the sandbox image, so that the kubelet never removes it', () => {
    expect(containerdConfiguration()).toContain(`sandbox = "${PAUSE_IMAGE}"`);
  });
});

describe('CERTIFICATES', () => {
  const files = CERTIFICATES.map((plan) => plan.file);

  it('has one for every node there could be and for every client of the API server', () => {
    const clients = [...CONTROL_PLANE_CLIENTS, ...nodeMachines(MAX_NODES).map((node) => node.name)];
    expect(files).toEqual(expect.arrayContaining([...clients, 'admin', 'kube-proxy']));
  });

  it('covers every file that the control plane is given', () => {
    const made = ['ca', 'service-account', ...files];
    expect(CONTROL_PLANE_PKI.every((name) => made.includes(name.replace(/\.[a-z]+$/, '')))).toBe(true);
  });

  it('lets a node be who the node authorizer takes it for', () => {
    const config = opensslConfig(CERTIFICATES.find((plan) => plan.file === 'node1') ?? 'ca');
    expect(config).toContain('0.O=system:nodes\nCN=system:node:node1\n');
    expect(config).toContain('basicConstraints=CA:FALSE');
  });

  it('names each address at which the API server is called', () => {
    const config = opensslConfig(CERTIFICATES.find((plan) => plan.file === 'kube-apiserver') ?? 'ca');
    for (const name of ['IP:10.220.0.1', 'IP:10.220.240.1', 'DNS:kubernetes.default.svc'])
      expect(config).toContain(name);
    expect(API_SERVER.command).toContain('--service-cluster-ip-range=10.220.240.0/20');
  });
});

describe('kubeconfig', () => {
  it('carries the credentials in itself', () => {
    const text = JSON.stringify(kubeconfig('admin', { ca: 'CA', certificate: 'CERT', key: 'KEY' }));
    for (const pem of ['CA', 'CERT', 'KEY']) expect(text).toContain(Buffer.from(pem).toString('base64'));
  });
});
