{{/* Made from operator/scoreboard_operator/rbac.py by `make chart`; do not edit. */}}
{{- define "scoreboard.rules.boards" -}}
- {apiGroups: [scoreboard.dev], resources: [scoreboards], verbs: [get, list, watch]} # what is wanted; it is never written
- {apiGroups: [scoreboard.dev], resources: [scoreboards/status], verbs: [patch]} # what is; nobody else writes it
- {apiGroups: [""], resources: [secrets], verbs: [create, get, list, patch, watch]} # the keys and the stores' passwords, made once; addresses that a board names
- {apiGroups: [""], resources: [configmaps, serviceaccounts, services], verbs: [create, delete, get, list, patch, watch]} # made, kept as declared, pruned
- {apiGroups: [networking.k8s.io], resources: [ingresses, networkpolicies], verbs: [create, delete, get, list, patch, watch]} # made, kept as declared, pruned
- {apiGroups: [apps], resources: [deployments, statefulsets], verbs: [create, delete, get, list, patch, watch]} # made, kept as declared, pruned
- {apiGroups: [postgresql.cnpg.io], resources: [clusters], verbs: [create, delete, get, list, patch, watch]} # where this API is served and a board asks for it
- {apiGroups: [batch], resources: [jobs], verbs: [create, delete, get, list, patch, watch]} # made, kept as declared, pruned
- {apiGroups: [policy], resources: [poddisruptionbudgets], verbs: [create, delete, get, list, patch, watch]} # made, kept as declared, pruned
- {apiGroups: [autoscaling], resources: [horizontalpodautoscalers], verbs: [create, delete, get, list, patch, watch]} # made, kept as declared, pruned
- {apiGroups: [keda.sh], resources: [scaledobjects], verbs: [create, delete, get, list, patch, watch]} # where this API is served and a board asks for it
- {apiGroups: [gateway.networking.k8s.io], resources: [httproutes], verbs: [create, delete, get, list, patch, watch]} # where this API is served and a board asks for it
- {apiGroups: [monitoring.coreos.com], resources: [alertmanagerconfigs, prometheusrules, servicemonitors], verbs: [create, delete, get, list, patch, watch]} # where this API is served and a board asks for it
- {apiGroups: [""], resources: [pods], verbs: [list]} # why a pod does not start, for the conditions
- {apiGroups: [""], resources: [events], verbs: [create]} # what happened, for people
{{- end -}}
{{- define "scoreboard.rules.everywhere" -}}
- {apiGroups: [apiextensions.k8s.io], resources: [customresourcedefinitions], verbs: [list, watch]} # an optional API that appears later is used without a restart
- {apiGroups: [coordination.k8s.io], resources: [leases], resourceNames: ['{{ include "scoreboard.fullname" . }}'], verbs: [list, watch]} # the heartbeat, heard through a watch like every other
{{- end -}}
{{- define "scoreboard.rules.heartbeat" -}}
- {apiGroups: [coordination.k8s.io], resources: [leases], resourceNames: ['{{ include "scoreboard.fullname" . }}'], verbs: [list, watch]} # the heartbeat, heard through a watch like every other
{{- end -}}
{{- define "scoreboard.rules.home" -}}
- {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [create]} # the Lease of who acts (create cannot be limited to a name)
- {apiGroups: [coordination.k8s.io], resources: [leases], resourceNames: ['{{ include "scoreboard.fullname" . }}'], verbs: [get, list, watch, update]} # taking, renewing and giving it away; the heartbeat
{{- end -}}
{{- define "scoreboard.rules.listening" -}}
- {apiGroups: [""], resources: [configmaps, secrets, serviceaccounts, services], verbs: [list, watch]} # kopf opens every stream in every namespace where it opens one
- {apiGroups: [apps], resources: [deployments, statefulsets], verbs: [list, watch]} # kopf opens every stream in every namespace where it opens one
- {apiGroups: [autoscaling], resources: [horizontalpodautoscalers], verbs: [list, watch]} # kopf opens every stream in every namespace where it opens one
- {apiGroups: [batch], resources: [jobs], verbs: [list, watch]} # kopf opens every stream in every namespace where it opens one
- {apiGroups: [gateway.networking.k8s.io], resources: [httproutes], verbs: [list, watch]} # kopf opens every stream in every namespace where it opens one
- {apiGroups: [keda.sh], resources: [scaledobjects], verbs: [list, watch]} # kopf opens every stream in every namespace where it opens one
- {apiGroups: [monitoring.coreos.com], resources: [alertmanagerconfigs, prometheusrules, servicemonitors], verbs: [list, watch]} # kopf opens every stream in every namespace where it opens one
- {apiGroups: [networking.k8s.io], resources: [ingresses, networkpolicies], verbs: [list, watch]} # kopf opens every stream in every namespace where it opens one
- {apiGroups: [policy], resources: [poddisruptionbudgets], verbs: [list, watch]} # kopf opens every stream in every namespace where it opens one
- {apiGroups: [postgresql.cnpg.io], resources: [clusters], verbs: [list, watch]} # kopf opens every stream in every namespace where it opens one
- {apiGroups: [scoreboard.dev], resources: [scoreboards], verbs: [list, watch]} # kopf opens every stream in every namespace where it opens one
{{- end -}}
