import { readFile } from 'node:fs/promises';
import type { NodeView } from '../desired/node-view.ts';
import type { SyncthingClient } from '../syncthing/client.ts';
import { connectSyncthing } from '../syncthing/connect-syncthing.ts';
import { SyncthingError } from '../syncthing/errors.ts';

/** A connection that ends with its block: `using syncthing = await localSyncthing(view)`. */
export interface LocalSyncthing extends Disposable {
  readonly client: SyncthingClient;
  /** For what a pass cannot do without: an error names the socket and what to look at. */
  readonly needed: <T>(answer: Promise<T>) => Promise<T>;
}

/** The Syncthing of this node, with the key that the init container `syncthing-config` wrote. */
export async function localSyncthing({ syncthing }: Pick<NodeView, 'syncthing'>): Promise<LocalSyncthing> {
  const { socketPath, apiKeyFile } = syncthing;
  const client = connectSyncthing({ socketPath, apiKey: await readKey(apiKeyFile) });
  return {
    client,
    needed: (answer) =>
      answer.catch((error: unknown) => {
        throw withRemedy(SyncthingError.from(error), socketPath);
      }),
    [Symbol.dispose]: () => client.close(),
  };
}

async function readKey(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const message = `cannot read Syncthing's API key ${file}: has the init container syncthing-config run on this node?`;
    throw new SyncthingError('unreachable', message, { cause: error });
  }
}

function withRemedy(error: SyncthingError, socketPath: string): SyncthingError {
  const message = `no use of Syncthing at ${socketPath}: ${error.message}; see the log of the container syncthing of this pod`;
  return new SyncthingError(error.kind, message, { cause: error });
}
