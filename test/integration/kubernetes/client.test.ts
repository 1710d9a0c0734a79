import { systemClock } from '../../../src/runtime/clock.ts';
import { connectKubernetes } from '../../../src/kubernetes/connect-kubernetes.ts';
import { startApiServer } from './api-server.ts';
import { describeClientContract } from './client-contract.ts';
import { applyCrds } from './crds.ts';

const namespace = 'syncthing-csi';

describeClientContract('kube-apiserver', async () => {
  const server = await startApiServer();
  try {
    await applyCrds(server);
    await server.kubectl(['create', 'namespace', namespace]);
    const { kubeconfig } = server;
    const connection = await connectKubernetes({
      namespace,
      kubeconfig,
      environment: {},
      clock: systemClock,
      userAgent: 'test',
    });
    return {
      client: connection.client,
      async [Symbol.asyncDispose]() {
        await connection[Symbol.asyncDispose]();
        await server.stop();
      },
    };
  } catch (error) {
    await server.stop();
    throw error;
  }
});
