// Generated from proto/, see tools/protos.


export interface RegistrationStatusResponse {
}

export interface RegistrationStatusResponse__Output {
}
