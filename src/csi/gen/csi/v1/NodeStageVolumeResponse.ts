// Generated from proto/, see tools/protos.


export interface NodeStageVolumeResponse {
}

export interface NodeStageVolumeResponse__Output {
}
