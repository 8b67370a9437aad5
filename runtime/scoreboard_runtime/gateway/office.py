"""The admin routes: what each reads, and what it does."""

from scoreboard_runtime.gateway import people, running
from scoreboard_runtime.gateway.administering import Act, MaybeReason, Read, Reason, of_body

_REASON = of_body(Reason)
_MAYBE = of_body(MaybeReason, needed=False)
_ROLES = of_body(people.Roles, check=people.check_roles)
_ADJUST = of_body(people.Adjust, check=people.check_points)
_USER, _BOARD = "/api/admin/users/{user_id}", "/api/admin/boards/{board}"

# method, path, what reads the request's shape, what does it for an admin
ADMIN_ROUTES: tuple[tuple[str, str, Read, Act], ...] = (
    ("GET", "/api/admin/overview", running.read_nothing, running.overview),
    ("GET", "/api/admin/users", people.read_find, people.find),
    ("PUT", f"{_USER}/roles", _ROLES, people.set_roles),
    ("POST", f"{_USER}/disable", _REASON, people.disable),
    ("POST", f"{_USER}/enable", _REASON, people.enable),
    ("POST", f"{_USER}/disqualify", _REASON, people.disqualify),
    ("POST", f"{_USER}/restore", _REASON, people.restore),
    ("POST", f"{_USER}/adjust", _ADJUST, people.adjust),
    ("GET", f"{_USER}/explain", people.read_explain, people.explain),
    ("GET", "/api/admin/dead-letters", running.read_letters, running.letters),
    ("POST", "/api/admin/dead-letters/{job_id}/redrive", _MAYBE, running.redrive),
    ("POST", f"{_BOARD}/freeze", _MAYBE, running.freeze),
    ("POST", f"{_BOARD}/unfreeze", _MAYBE, running.unfreeze),
    ("GET", "/api/admin/audit", running.read_audit, running.audit),
)
