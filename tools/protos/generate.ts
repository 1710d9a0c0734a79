import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { execa } from 'execa';
import protobuf from 'protobufjs';

/** How messages look in memory. The types are generated with the same choices that src/csi/packages.ts loads with. */
const typeOptions = ['--longs=String', '--enums=String', '--defaults', '--oneofs', '--grpcLib=@grpc/grpc-js'];

const root = path.resolve(import.meta.dirname, '../..');
const protos = ['csi', 'pluginregistration'] as const;

/** Makes src/csi/gen anew in `outDir`: the types, and each proto as JSON, so that a bundle reads no file to know it. */
export async function generateProtos(outDir: string): Promise<void> {
  await rm(outDir, { recursive: true, force: true });
  await mkdir(outDir, { recursive: true });
  const files = protos.map((name) => `${name}.proto`);
  const extension = '--importFileExtension=.ts';
  await execa(
    'proto-loader-gen-types',
    [...typeOptions, extension, `--includeDirs=${root}/proto`, `--outDir=${outDir}`, ...files],
    { preferLocal: true, localDir: root, cwd: `${root}/proto` },
  );
  await hideLocalPaths(outDir);
  for (const name of protos) {
    const json = JSON.stringify(protoAsJson(`${root}/proto/${name}.proto`), null, 1);
    await writeFile(path.join(outDir, `${name}.json`), `${json}\n`);
  }
}

/** The generator writes the absolute path of the proto into each file, which differs from checkout to checkout. */
async function hideLocalPaths(outDir: string): Promise<void> {
  const entries = await readdir(outDir, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((found) => found.isFile())) {
    const file = path.join(entry.parentPath, entry.name);
    const text = await readFile(file, 'utf8');
    await writeFile(
      file,
      text.replace(/^\/\/ Original file: .*$/gm, '// Generated from proto/, see tools/protos.'),
    );
  }
}

/**
 * Field names in camelCase, options kept (secrets are found by them), comments left out. So is what only describes
 * options: nothing at run time reads the descriptor of a descriptor.
 */
function protoAsJson(file: string): protobuf.INamespace {
  const json = loadProto(file, { keepCase: false }).toJSON();
  return { ...json, nested: withoutDescriptors(json.nested ?? {}) };
}

type Nested = Readonly<Record<string, protobuf.AnyNestedObject>>;

function withoutDescriptors(nested: Nested, inGoogle = false): Record<string, protobuf.AnyNestedObject> {
  const kept = Object.entries(nested).filter(([name, value]) => {
    if (!isNamespace(value)) return !('extend' in value);
    return !inGoogle || name === 'protobuf' || name === 'Timestamp' || name.endsWith('Value');
  });
  return Object.fromEntries(
    kept.map(([name, value]) => {
      const purelyNamespace = isNamespace(value) && !('fields' in value);
      if (!purelyNamespace) return [name, value];
      return [
        name,
        { ...value, nested: withoutDescriptors(value.nested ?? {}, inGoogle || name === 'google') },
      ];
    }),
  );
}

function isNamespace(value: protobuf.AnyNestedObject): value is protobuf.INamespace {
  return 'nested' in value || 'fields' in value;
}

/** protobufjs ships Google's own protos but does not find them by their import path. */
export function loadProto(file: string, options: { readonly keepCase: boolean }): protobuf.Root {
  const protoRoot = new protobuf.Root();
  protoRoot.resolvePath = resolveImport;
  protoRoot.loadSync(file, options).resolveAll();
  return protoRoot;
}

function resolveImport(_origin: string, target: string): string {
  return target.startsWith('google/') ? `${root}/node_modules/protobufjs/${target}` : target;
}
