// Generated from proto/, see tools/protos.


export interface ProbeRequest {
}

export interface ProbeRequest__Output {
}
