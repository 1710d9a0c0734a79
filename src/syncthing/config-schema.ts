import * as z from 'zod/mini';

/**
 * Syncthing's configuration objects, loose: keys that we do not know stay in the value, so that
 * putting a whole object back preserves what is not ours.
 */
const folderDevice = z.looseObject({ deviceID: z.string() });

export const folderConfigSchema = z.looseObject({
  id: z.string(),
  label: z.string(),
  path: z.string(),
  type: z.enum(['sendreceive', 'sendonly', 'receiveonly', 'receiveencrypted']),
  paused: z.boolean(),
  devices: z.readonly(z.array(folderDevice)),
});

export const deviceConfigSchema = z.looseObject({
  deviceID: z.string(),
  name: z.string(),
  addresses: z.readonly(z.array(z.string())),
  paused: z.boolean(),
});

export const syncthingConfigSchema = z.looseObject({
  version: z.number(),
  folders: z.readonly(z.array(folderConfigSchema)),
  devices: z.readonly(z.array(deviceConfigSchema)),
  options: z.looseObject({}),
});

/** A folder as the daemon has it, every key included. */
export type FolderConfig = z.infer<typeof folderConfigSchema>;
/** A device as the daemon has it, every key included. */
export type DeviceConfig = z.infer<typeof deviceConfigSchema>;
/** `GET /rest/config`, every key included. */
export type SyncthingConfig = z.infer<typeof syncthingConfigSchema>;
