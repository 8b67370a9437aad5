{{/* Values that contradict each other. The schema refuses what is wrong by itself. */}}
{{- define "scoreboard.guards" -}}
{{- $values := .Values -}}
{{- if and (not $values.serviceAccount.create) (not $values.serviceAccount.name) -}}
{{- fail "serviceAccount.name is needed with serviceAccount.create=false: the operator's rights would go to the namespace's default account" -}}
{{- end -}}
{{- if and $values.metrics.serviceMonitor.enabled (not $values.metrics.service.enabled) -}}
{{- fail "metrics.serviceMonitor.enabled=true needs metrics.service.enabled=true: a ServiceMonitor finds pods by their Service" -}}
{{- end -}}
{{- if and $values.metrics.prometheusRule.enabled (not $values.metrics.service.enabled) -}}
{{- fail "metrics.prometheusRule.enabled=true needs metrics.service.enabled=true: its alerts name that Service" -}}
{{- end -}}
{{- if and $values.networkPolicy.egress.enabled (not $values.networkPolicy.enabled) -}}
{{- fail "networkPolicy.egress.enabled=true needs networkPolicy.enabled=true" -}}
{{- end -}}
{{- $set := list "SCOREBOARD_OPERATOR_NAMESPACE" "SCOREBOARD_OPERATOR_IDENTITY" "SCOREBOARD_OPERATOR_LEASE"
  "SCOREBOARD_OPERATOR_NAMESPACES" "SCOREBOARD_OPERATOR_RUNTIME_IMAGE" "SCOREBOARD_OPERATOR_STORES_IMAGE"
  "SCOREBOARD_OPERATOR_PULL_POLICY" "SCOREBOARD_OPERATOR_TRUSTED_PROXIES" "SCOREBOARD_OPERATOR_HOST" "SCOREBOARD_OPERATOR_PORT"
  "SCOREBOARD_OPERATOR_WORKERS" "SCOREBOARD_OPERATOR_RESYNC_SECONDS" "SCOREBOARD_OPERATOR_LOG_LEVEL" -}}
{{- range $values.operator.extraEnv -}}
{{- if has .name $set -}}
{{- fail (printf "operator.extraEnv: %s is set by a value of this chart; see the chart's README for which" .name) -}}
{{- end -}}
{{- end -}}
{{- range $key, $_ := $values.operator.podLabels -}}
{{- if has $key (list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component") -}}
{{- fail (printf "operator.podLabels: %s selects the operator's pods and cannot be changed" $key) -}}
{{- end -}}
{{- end -}}
{{- range $key, $_ := $values.commonLabels -}}
{{- if or (hasPrefix "app.kubernetes.io/" $key) (hasPrefix "helm.sh/" $key) -}}
{{- fail (printf "commonLabels: %s is set by the chart" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
