import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

/** What there is to fetch of an image whose archive this is: registries keep layers as gzip makes them. */
export async function compressedBytes(archive: string, signal: AbortSignal): Promise<number> {
  let bytes = 0;
  const count = async (pieces: AsyncIterable<Uint8Array>) => {
    for await (const piece of pieces) bytes += piece.length;
  };
  await pipeline(createReadStream(archive), createGzip(), count, { signal });
  return bytes;
}
