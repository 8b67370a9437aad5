"""The description against the gateway: whatever Schemathesis sends, nothing answers 500."""

import asyncio
import sys
from pathlib import Path

import pytest
from tests.e2e.instance import Instance, a_manifest, running

# They end the session, or are the broadcaster's.
EXCLUDED = ("logout", "eraseMe", "streamScoreboard", "preflightStream")
CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,"
          "response_headers_conformance,response_schema_conformance")  # fmt: skip


@pytest.mark.timeout(300)
async def test_schemathesis_finds_no_500_and_nothing_undescribed(tmp_path: Path):
    async with running(tmp_path, a_manifest()) as instance:
        ann = await instance.player()

        code, said = await schemathesis(instance, ann.session["token"])

        assert code == 0, said[-6000:]
        assert (
            await instance.metric("gateway", "scoreboard_http_request_duration_seconds_count") > 300
        )
        failures = [
            line for line in instance.log("gateway") if line["event"] in ("failed", "loop_failed")
        ]
        assert failures == []


async def schemathesis(instance: Instance, token: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("schemathesis")), "run",
        f"{instance.url}/openapi.json", "--header", f"Authorization: Bearer {token}",
        "--phases", "examples,coverage,fuzzing", "--max-examples", "25", "--checks", CHECKS,
        *(part for name in EXCLUDED for part in ("--exclude-operation-id", name)),
        "--request-timeout", "20", "--seed", "1",
        "--suppress-health-check", "all", "--no-color",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()
