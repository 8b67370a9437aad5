"""The operator: a Scoreboard manifest becomes running roles, and stays as declared.

In reading order: `kinds` what it owns · `resource` what is wanted · `facts` what is there · `plan`
what may change now · `render` the manifests · `keys` the secrets · `conditions` what is said ·
`reconcile` the recipe · `cluster` the API · `workqueue`, `handlers`, `lease`, `process` the life.
"""
