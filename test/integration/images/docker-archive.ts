import { execa } from 'execa';
import { z } from 'zod';

const manifest = z.tuple([
  z.object({ Config: z.string(), RepoTags: z.array(z.string()), Layers: z.array(z.string()) }),
]);

/** One member of a layer, as `tar` lists it. */
export type LayerFile = { readonly mode: string; readonly owner: string; readonly path: string };

/** What a docker-archive says of its one image. */
export type DockerArchive = {
  readonly names: readonly string[];
  readonly layers: readonly string[];
  readonly config: string;
};

async function readMember(archive: string, member: string): Promise<string> {
  return (await execa('tar', ['-xOf', archive, member])).stdout;
}

/** Reads the archive's table and the image's configuration, its history included. */
export async function openDockerArchive(archive: string): Promise<DockerArchive> {
  const [image] = manifest.parse(JSON.parse(await readMember(archive, 'manifest.json')));
  return { names: image.RepoTags, layers: image.Layers, config: await readMember(archive, image.Config) };
}

/** Lists a layer's files; owners are numbers, as in `0/0`. */
export async function listLayer(archive: string, layer: string): Promise<readonly LayerFile[]> {
  const script = 'tar -xOf "$0" "$1" | tar --list --verbose --numeric-owner';
  const { stdout } = await execa('bash', ['-o', 'pipefail', '-c', script, archive, layer]);
  return stdout.split('\n').map((line) => {
    const [mode = '', owner = '', , , , ...name] = line.split(/\s+/);
    return { mode, owner, path: name.join(' ').replace(/ -> .*$/, '') };
  });
}

/** Unpacks a layer over what lies in `directory`. */
export async function unpackLayer(archive: string, layer: string, directory: string): Promise<void> {
  const script = 'tar -xOf "$0" "$1" | tar --extract --directory "$2"';
  await execa('bash', ['-o', 'pipefail', '-c', script, archive, layer, directory]);
}
