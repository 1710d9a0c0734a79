// Generated from proto/, see tools/protos.


export interface InfoRequest {
}

export interface InfoRequest__Output {
}
