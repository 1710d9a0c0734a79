// Generated from proto/, see tools/protos.


export interface DeleteVolumeResponse {
}

export interface DeleteVolumeResponse__Output {
}
