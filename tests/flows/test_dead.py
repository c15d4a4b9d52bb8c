"""Which process a run names to Prefect, and whether it is still there."""

from __future__ import annotations

import subprocess
import sys

import httpx

from tests.flows.conftest import PREFECT

pytestmark = PREFECT


def test_this_process_is_alive(api: httpx.Client) -> None:
    from esf_flows.dead import is_alive, this_process

    assert is_alive(this_process()) is True


def test_a_process_that_has_ended_is_not_nor_is_another_under_its_number(api: httpx.Client) -> None:
    from esf_flows.dead import is_alive, this_process

    host, boot, pid, started = this_process().split(" ")
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        # Until it is waited for it stands in /proc, as a zombie.
        assert ended.wait(60) == 0

    assert is_alive(f"{host} {boot} {ended.pid} {started}") is False
    assert is_alive(f"{host} {boot} {pid} {int(started) - 1}") is False


def test_after_another_boot_no_process_of_before_is_alive(api: httpx.Client) -> None:
    from esf_flows.dead import is_alive, this_process

    host, _, pid, started = this_process().split(" ")

    assert is_alive(f"{host} another-boot {pid} {started}") is False


def test_of_another_machine_nothing_is_said(api: httpx.Client) -> None:
    from esf_flows.dead import is_alive, this_process

    _, boot, pid, started = this_process().split(" ")

    assert is_alive(f"elsewhere {boot} {pid} {started}") is None
    assert is_alive("what an older release wrote") is None
