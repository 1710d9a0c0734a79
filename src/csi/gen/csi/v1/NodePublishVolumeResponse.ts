// Generated from proto/, see tools/protos.


export interface NodePublishVolumeResponse {
}

export interface NodePublishVolumeResponse__Output {
}
