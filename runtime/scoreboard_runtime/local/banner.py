"""What local mode prints: where everything is, and a signed request that works when pasted."""

import base64
import os
import shlex
import shutil
import sys
from pathlib import Path

from scoreboard_runtime.local.player import EXECUTE


def signed_request(url: str, token: str, signing_key: str, body: str) -> str:
    """One shell line: curl and openssl where the machine has both, else Python alone."""
    if shutil.which("curl") and shutil.which("openssl"):
        return with_curl(url, token, signing_key, body)
    return with_python(url, token, signing_key, body)


def with_curl(url: str, token: str, signing_key: str, body: str) -> str:
    key = base64.urlsafe_b64decode(signing_key + "=" * (-len(signing_key) % 4)).hex()
    return (
        f"B={shlex.quote(body)}; T=$(date +%s)000; N=$(openssl rand -hex 16); "
        "D=$(printf %s \"$B\" | openssl dgst -sha256 -r | cut -d' ' -f1); "
        f"S=$(printf 'v1\\nPOST\\n{EXECUTE}\\n%s\\n%s\\n%s' $T $N $D | "
        f"openssl dgst -sha256 -mac HMAC -macopt hexkey:{key} -r | cut -d' ' -f1); "
        f"curl -sS {url}{EXECUTE} -H 'Content-Type: application/json' "
        f"-H 'Authorization: Bearer {token}' "
        '-H "X-Timestamp: $T" -H "X-Nonce: $N" -H "X-Signature: v1=$S" -d "$B"; echo'
    )


def with_python(url: str, token: str, signing_key: str, body: str) -> str:
    script = (
        "import base64,hashlib,hmac,secrets,time,urllib.request as u;"
        "g=u.HTTPErrorProcessor;g.http_response=lambda s,q,r:r;"
        f"b={body.encode()!r};k=base64.urlsafe_b64decode({signing_key + '=='!r});"
        "t=str(int(time.time()*1000));n=secrets.token_hex(16);"
        f"m='\\n'.join(['v1','POST','{EXECUTE}',t,n,hashlib.sha256(b).hexdigest()]);"
        f"h={{'Content-Type':'application/json','Authorization':'Bearer {token}',"
        "'X-Timestamp':t,'X-Nonce':n,"
        "'X-Signature':'v1='+hmac.new(k,m.encode(),'sha256').hexdigest()};"
        f"print(u.build_opener(g).open(u.Request('{url}{EXECUTE}',b,h)).read().decode())"
    )
    return f"{shlex.quote(sys.executable)} -c {shlex.quote(script)}"


def _command() -> str:
    """`scoreboard` as it was called."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "scoreboard" else "scoreboard"


def lines(ready: dict[str, object], request: str | None, minutes: int) -> str:
    """The text for people; `ready` is the event of --json, the request holds for `minutes`."""
    metrics = ready["metrics"]
    assert isinstance(metrics, dict)
    folder = os.path.relpath(str(ready["dataDir"]))
    place = str(ready["dataDir"]) if folder.startswith("..") else folder
    shown = [
        "",
        f"  page      {ready['url']}/",
        f"  console   {ready['url']}/admin",
        f"  API       {ready['url']}/api/scoreboard",
        f"  docs      {ready['docs']}",
        f"  socket    {ready['websocket']}",
        f"  metrics   {'  '.join(metrics.values())}",
        f"  data      {ready['dataDir']}",
    ]
    if request is not None:
        shown += [
            "",
            f"A signed action, good for {minutes} min; paste it into a shell:",
            "",
            request,
        ]
    admin = f"{_command()} admin --data-dir {shlex.quote(place)} create-user NAME --role admin"
    shown += ["", f"The console asks for an admin; the first:  {admin}"]
    return "\n".join([*shown, "Ctrl-C stops everything; the next start finds every score again."])
