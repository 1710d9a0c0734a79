import type { DeviceConfig, FolderConfig } from '../../src/syncthing/config-schema.ts';

/** Syncthing's configuration as plain data, with what the daemon does of its own accord (docs/design.md). */
export interface SyncthingModel {
  readonly ownDeviceId: string;
  readonly devices: readonly DeviceConfig[];
  readonly folders: readonly FolderConfig[];
  /** By device id; nobody is connected unless a test says so. */
  readonly connectedTo: ReadonlyMap<string, string>;
}

export function syncthingModel(ownDeviceId: string): SyncthingModel {
  return {
    ownDeviceId,
    devices: [{ deviceID: ownDeviceId, name: 'own', addresses: ['dynamic'], paused: false }],
    folders: [],
    connectedTo: new Map(),
  };
}

/** Adds or replaces; a device that the daemon makes complete keeps what it has of its own, a paused one is cut off. */
export function withDevice(model: SyncthingModel, device: DeviceConfig): SyncthingModel {
  const others = model.devices.filter(({ deviceID }) => deviceID !== device.deviceID);
  const connectedTo = new Map(model.connectedTo);
  if (device.paused) connectedTo.delete(device.deviceID);
  return { ...model, devices: [...others, { numConnections: 0, ...device }], connectedTo };
}

/** Folders that list it lose it. */
export function withoutDevice(model: SyncthingModel, deviceId: string): SyncthingModel {
  return {
    ...model,
    devices: model.devices.filter(({ deviceID }) => deviceID !== deviceId),
    folders: model.folders.map((folder) => ({
      ...folder,
      devices: folder.devices.filter(({ deviceID }) => deviceID !== deviceId),
    })),
  };
}

/** Adds or replaces; unknown devices are dropped in silence, the own one is added. */
export function withFolder(model: SyncthingModel, folder: FolderConfig): SyncthingModel {
  const known = new Set(model.devices.map(({ deviceID }) => deviceID));
  const shared = folder.devices.filter(
    ({ deviceID }) => known.has(deviceID) && deviceID !== model.ownDeviceId,
  );
  const devices = [...shared, { deviceID: model.ownDeviceId }];
  const others = model.folders.filter(({ id }) => id !== folder.id);
  return { ...model, folders: [...others, { copiers: 0, ...folder, devices }] };
}

export function withoutFolder(model: SyncthingModel, folderId: string): SyncthingModel {
  return { ...model, folders: model.folders.filter(({ id }) => id !== folderId) };
}
