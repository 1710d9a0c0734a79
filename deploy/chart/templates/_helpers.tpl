{{/* A name with the instance's suffix: include "syncthing-csi.name" (list . "syncthing-csi-node"). */}}
{{- define "syncthing-csi.name" -}}
{{- $root := index . 0 -}}
{{- $suffix := $root.Values.nameSuffix -}}
{{- if $suffix -}}
{{- printf "%s-%s" (index . 1) (trimPrefix "-" $suffix) -}}
{{- else -}}
{{- index . 1 -}}
{{- end -}}
{{- end -}}

{{- define "syncthing-csi.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{/* What a workload selects its pods by: include "syncthing-csi.selector" (list . "node"). */}}
{{- define "syncthing-csi.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Of what runs once and ends, so that nothing that selects the workloads' pods finds it: (list . "test"). */}}
{{- define "syncthing-csi.hookLabels" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ $root.Chart.Name }}-{{ index . 1 }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
{{- end -}}

{{/* Before an install too: another instance may have brought older definitions. */}}
{{- define "syncthing-csi.crdsHook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}

{{/* Of a pod and of a container that need no rights at all. */}}
{{- define "syncthing-csi.nobody" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end -}}

{{- define "syncthing-csi.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end -}}

{{/* The Secret that the chart makes itself. */}}
{{- define "syncthing-csi.syncthingSecret" -}}
{{- include "syncthing-csi.name" (list . "syncthing-csi-syncthing") -}}
{{- end -}}

{{- define "syncthing-csi.driverImage" -}}
{{- with .Values.images.driver -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "syncthing-csi.storageClass" -}}
{{- .Values.storageClass.name | default (include "syncthing-csi.name" (list . "syncthing")) -}}
{{- end -}}

{{/* The kubelet finds the driver's socket here, on the host and in the container alike. */}}
{{- define "syncthing-csi.pluginDir" -}}
{{ .Values.kubeletDir }}/plugins/{{ .Values.driverName }}
{{- end -}}

{{- define "syncthing-csi.syncthingHome" -}}
{{ .Values.hostDataDir }}/syncthing
{{- end -}}

{{/* In a directory that belongs to root alone. */}}
{{- define "syncthing-csi.syncthingSocket" -}}
{{ include "syncthing-csi.syncthingHome" . }}/run/api.sock
{{- end -}}

{{/* Environment that controller and node have in common. */}}
{{- define "syncthing-csi.commonEnv" -}}
- name: POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
- name: DRIVER_NAME
  value: {{ .Values.driverName | quote }}
- name: LOG_LEVEL
  value: {{ .Values.logLevel | quote }}
- name: METRICS_ADDRESS
  value: {{ printf ":%v" (int .Values.health.port) | quote }}
- name: TRASH_GRACE_MS
  value: {{ int64 .Values.timings.trashGrace | quote }}
{{- end -}}

{{- define "syncthing-csi.probes" -}}
startupProbe:
  httpGet: { path: /healthz, port: health }
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /healthz, port: health }
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: health }
  periodSeconds: 10
  timeoutSeconds: 5
{{- end -}}
