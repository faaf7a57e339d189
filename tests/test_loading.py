"""What is loaded when: a command waits for nothing that it does not need, and no order waits at all."""

import ast
import asyncio
import inspect
import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from whole import CONFIG, ROOT, SAMPLES, call

import multiorder_sync
from multiorder_fluentcommerce.sandbox import create_sandbox
from multiorder_sync.cli.loading import SENTENCES, load
from multiorder_sync.cli.posting import headers_for
from multiorder_sync.config import load as load_config
from multiorder_sync.oms.plugins import discover
from multiorder_sync.sandbox import serving as serving_sandbox

COMMAND = Path(sys.executable).parent / "multiorder"
WATCHED = {**os.environ, "PYTHONPROFILEIMPORTTIME": "1", "PYTHONUNBUFFERED": "1"}
DATABASE = {"sqlalchemy", "alembic"}
CALLS = {"httpx", "httpx_aiohttp", "aiohttp"}
SERVER = {"uvicorn", "starlette"}


def packages(said):
    """Return the packages of which a process loaded anything, by what Python says of it."""
    return {
        name.partition(".")[0]
        for name in re.findall(r"^import time: .*\| +([\w.]+)$", said, re.MULTILINE)
    }


def loaded(*arguments):
    result = subprocess.run(
        [COMMAND, *arguments],
        capture_output=True, text=True, cwd=ROOT, timeout=120, env=WATCHED, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr[-2000:]
    return packages(result.stderr)


def test_help_loads_no_command():
    found = loaded("--help")
    assert "typer" in found
    assert not found & (DATABASE | CALLS | SERVER | {"structlog", "pluggy", "msgspec"})


@pytest.mark.parametrize(
    ("arguments", "spared"),
    [
        (["send", "--help"], DATABASE | CALLS | SERVER),
        (["plugins"], DATABASE | CALLS | SERVER),
        (["config", "schema"], DATABASE | CALLS | SERVER),
        (["orders", "--help"], {"alembic"} | SERVER),
    ],
    ids=["send", "plugins", "config", "orders"],
)
def test_a_command_does_not_load_what_it_does_not_need(arguments, spared):
    assert not loaded(*arguments) & spared


@pytest.mark.parametrize("name", list(SENTENCES))
def test_what_stands_in_for_a_command_says_of_it_what_it_says_itself(name):
    assert (
        inspect.cleandoc(load(name).help).partition("\n\n")[0].replace("\n", " ")
        == (SENTENCES[name])
    )


def test_every_module_with_a_command_is_one():
    folder = ROOT / "core" / "multiorder_sync" / "cli"
    found = {
        file.stem
        for file in folder.glob("*.py")
        if re.search(r"^def (command|build)\(", file.read_text("utf-8"), re.MULTILINE)
    }
    # `app` builds the whole; the others are further below, in the groups that import them.
    assert set(SENTENCES) == found - {"app", "orders_erase", "orders_export", "orders_replay"}


def test_a_public_name_is_what_a_type_checker_takes_it_for():
    tree = ast.parse(Path(multiorder_sync.__file__).read_text("utf-8"))
    typed = {
        name.name: each.module
        for block in tree.body
        if isinstance(block, ast.If)
        for each in block.body
        if isinstance(each, ast.ImportFrom)
        for name in each.names
    }
    assert set(typed) == set(multiorder_sync.__all__)
    for name, module in typed.items():
        assert getattr(multiorder_sync, name) is getattr(import_module(module), name)
    assert not hasattr(multiorder_sync, "Nobody")
    assert set(multiorder_sync.__all__) <= set(dir(multiorder_sync))


async def served(log):
    """Wait until the endpoint is ready; return its URL, and how much it has said by then."""
    async with asyncio.timeout(60):
        while not (said := re.search(r'"port": (\d+).*"event": "serving"', log.read_text("utf-8"))):
            await asyncio.sleep(0.02)
    url = f"http://127.0.0.1:{said[1]}"
    status, answer = await asyncio.to_thread(call, f"{url}/readyz")
    assert status == 200, answer
    return url, len(log.read_text("utf-8"))


async def test_an_order_waits_for_nothing_to_be_loaded(tmp_path):
    async with serving_sandbox(create_sandbox()) as oms:
        file = tmp_path / "config.toml"
        file.write_text(
            CONFIG.format(journal="journal", base_url=oms, space="", oms="", deadline=20)
        )
        space = load_config(file, discover()).spaces["acme"]
        body = next(path for path in SAMPLES if path.stem == "single").read_bytes()
        with (tmp_path / "log").open("wb") as log:
            server = subprocess.Popen(
                [COMMAND, "serve", "--config", file], stdout=log, stderr=log, env=WATCHED
            )
            try:
                url, before = await served(tmp_path / "log")
                sent = [
                    await asyncio.to_thread(
                        call, f"{url}/spaces/acme/sync/consume", body, headers_for(body, space)
                    )
                    for _ in range(2)
                ]
            finally:
                server.terminate()
                await asyncio.to_thread(server.wait, 60)
        assert [status for status, _ in sent] == [200, 200]
        said = (tmp_path / "log").read_text("utf-8")
        after = said[before:]
    assert packages(said[:before]) >= {"multiorder_sync"} | DATABASE | CALLS | SERVER
    assert '"event": "order"' in after
    assert packages(after) <= sys.stdlib_module_names
