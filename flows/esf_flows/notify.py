"""Be told of failures: `python -m esf_flows.notify` sets up an automation on the Prefect server.

`--webhook URL` posts a JSON document with a `text` to that address (Slack, Mattermost and Teams take it as it is);
with `--block TYPE/NAME` a notification block of yours does the sending, for instance `slack-webhook/ops`. What is sent
is the name of the run, its state and the reason, which quotes no page. Done again, it replaces what it had set up.
"""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from esf_etl.errors import EsfEtlError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AUTOMATION", "BLOCK", "NotifyError", "main", "set_up"]

AUTOMATION = "esf-etl: nightly failed"
BLOCK = "esf-etl-failures"

SUBJECT = "esf_etl: the nightly run {{ flow_run.state.name|lower }}"
BODY = """\
Run {{ flow_run.name }}, state {{ flow_run.state.name }}: {{ flow_run.state.message }}
{{ flow_run|ui_url }}
"""


class NotifyError(EsfEtlError):
    """The Prefect server does not answer, or has no such block."""

    code = "notify-failed"


def set_up(*, webhook: str | None = None, block: str | None = None) -> None:
    """Have the Prefect server tell of every nightly run that fails or crashes; replaces the automation of this name.

    Raises `UsageError` where no server is named, `NotifyError` where there is no such block. What the client raises
    where no server answers goes through.
    """
    from prefect.automations import Automation
    from prefect.events.actions import SendNotification
    from prefect.events.schemas.automations import EventTrigger, Posture
    from prefect.events.schemas.events import ResourceSpecification
    from prefect.settings import PREFECT_API_URL

    if not PREFECT_API_URL.value():  # the client would start a server of its own, which ends with this program
        msg = "PREFECT_API_URL is not set; it names the server that is to tell, like http://127.0.0.1:4200/api."
        raise UsageError(msg)
    document = _webhook_block(webhook) if webhook else _block_id(str(block))
    wanted: dict[str, Any] = {
        "name": AUTOMATION,
        "description": "Tells of every run of the flow `nightly` that failed or crashed.",
        "trigger": EventTrigger(
            posture=Posture.Reactive,
            expect={"prefect.flow-run.*"},
            # By type: the names of states are ours to choose.
            match=ResourceSpecification(
                {"prefect.resource.id": "prefect.flow-run.*", "prefect.state-type": ["FAILED", "CRASHED"]}
            ),
            match_related=ResourceSpecification({"prefect.resource.role": "flow", "prefect.resource.name": "nightly"}),
            threshold=1,
            within=timedelta(0),
        ),
        "actions": [SendNotification(block_document_id=document, subject=SUBJECT, body=BODY)],
    }
    try:
        known: Any = Automation.read(name=AUTOMATION)  # by its types it may also be a coroutine
    except ValueError:
        Automation(**wanted).create()
    else:
        Automation(id=known.id, **wanted).update()


def _webhook_block(url: str) -> UUID:
    """Store the webhook; its address, which often holds a key, as a secret."""
    from prefect.blocks.notifications import CustomWebhookNotificationBlock
    from prefect.types import SecretDict

    block = CustomWebhookNotificationBlock(
        name=BLOCK,
        url="{{url}}",
        json_data={"text": "{{subject}}\n{{body}}"},
        headers=None,
        cookies=None,
        secrets=SecretDict({"url": url}),
    )
    document: Any = block.save(BLOCK, overwrite=True)
    return UUID(str(document))


def _block_id(slug: str) -> UUID:
    """The id of a block by its type and name, as `prefect block ls` shows them."""
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound

    kind, _, name = slug.partition("/")
    with get_client(sync_client=True) as client:
        try:
            return client.read_block_document_by_name(name, kind, include_secrets=False).id
        except ObjectNotFound as problem:
            msg = f"the Prefect server has no block {slug!r}."
            raise NotifyError(msg, advice="`prefect block ls` shows type and name of each.") from problem


def _set_up(webhook: str | None, block: str | None) -> None:
    """Set it up, and tell in words of ours of a server that does not answer."""
    import httpx

    try:
        set_up(webhook=webhook, block=block)
    except httpx.HTTPError as problem:
        msg = f"the Prefect server did not do it: {type(problem).__name__}."
        raise NotifyError(msg, advice="Does it run at PREFECT_API_URL, and is it Prefect 3.8?") from problem


def main(arguments: Sequence[str] | None = None) -> int:
    """Set it up; returns 0 done, 1 failed; exits 2 for wrong usage."""
    parser = argparse.ArgumentParser(
        "python -m esf_flows.notify", description="Be told of every nightly run that fails or crashes."
    )
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--webhook", metavar="URL", help="post JSON with a `text` there; - reads the address from stdin")
    way.add_argument(
        "--block", metavar="TYPE/NAME", help="send by this notification block, for instance slack-webhook/ops"
    )
    options = parser.parse_args(arguments)
    webhook = sys.stdin.readline().strip() if options.webhook == "-" else options.webhook
    if webhook is not None and (urlsplit(webhook).scheme not in {"http", "https"} or not urlsplit(webhook).netloc):
        parser.error("the webhook is no address that begins with http:// or https://")
    if options.block is not None and options.block.count("/") != 1:
        parser.error(f"--block is {options.block!r}; expected TYPE/NAME, like slack-webhook/ops")
    try:
        _set_up(webhook, options.block)
    except UsageError as problem:
        parser.error(str(problem))
    except EsfEtlError as problem:
        sys.stderr.write(f"{problem}\n")
        return problem.exit_code
    sys.stdout.write(f"The automation {AUTOMATION!r} is set up.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
