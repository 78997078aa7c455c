"""Jobs over REST as google-auth's session sees them, and what they send when they are due."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import pytest

from tests.conformance.scheduler.conftest import PARENT, Cloud, eventually

DAY = 86_400


def test_a_job_is_made_read_listed_and_deleted(cloud: Cloud) -> None:
    """With the service's defaults, and the names of its errors."""
    name = cloud.make()

    found = cloud.get(name)
    assert found["name"] == f"{PARENT}/jobs/night"
    assert (found["state"], found["schedule"], found["timeZone"]) == ("ENABLED", "15 5 * * *", "Europe/Paris")
    assert found["retryConfig"]["retryCount"] == 0
    assert found["attemptDeadline"] == "180s"
    due = datetime.fromisoformat(found["scheduleTime"]).astimezone(ZoneInfo("Europe/Paris"))
    assert (due.hour, due.minute, due.second) == (5, 15, 0)
    assert cloud.get(f"{PARENT}/jobs")["jobs"] == [found]
    assert cloud.ask("POST", f"{PARENT}/jobs", {**found})[1]["error"]["status"] == "ALREADY_EXISTS"
    assert cloud.ask("DELETE", name) == (200, {})
    status, told = cloud.ask("GET", name)
    assert (status, told["error"]["status"]) == (404, "NOT_FOUND")


def test_a_job_sends_exactly_its_request_when_the_local_clock_is_there(cloud: Cloud) -> None:
    """Method, headers and body to the byte, the token's account and scope, and the time that it was for."""
    body = json.dumps({"argument": json.dumps({"reason": "schedule"})}).encode()
    target = {
        "uri": "https://workflowexecutions.googleapis.com/v1/projects/p/locations/l/workflows/w/executions",
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json", "X-Mine": "1"},
        "body": base64.b64encode(body).decode(),
        "oauthToken": {"serviceAccountEmail": "replicator@acme-analytics.iam.gserviceaccount.com"},
    }
    name = cloud.make(httpTarget=target)
    due = datetime.fromisoformat(cloud.get(name)["scheduleTime"]).timestamp()
    cloud.advance(due - cloud.clock.now() - 30)
    time.sleep(0.1)
    assert cloud.sent == []

    cloud.advance(31)

    (sent,) = cloud.arrives(1)
    assert (sent.method, sent.path, sent.body) == ("POST", "/v1/projects/p/locations/l/workflows/w/executions", body)
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["x-mine"] == "1"
    assert sent.headers["user-agent"] == "Google-Cloud-Scheduler"
    assert sent.headers["x-cloudscheduler-jobname"] == "night"
    assert sent.headers["x-cloudscheduler-scheduletime"].endswith(":15:00Z")
    assert sent.headers["authorization"] == (
        "Bearer local-cloud;replicator@acme-analytics.iam.gserviceaccount.com;"
        "https://www.googleapis.com/auth/cloud-platform"
    )
    assert eventually(lambda: "lastAttemptTime" in cloud.get(name))
    found = cloud.get(name)
    assert found["status"] == {}
    assert found["httpTarget"] == target
    assert datetime.fromisoformat(found["scheduleTime"]).timestamp() - cloud.clock.now() > DAY - 120


def test_a_job_is_sent_once_for_each_time_and_once_over_a_jump(cloud: Cloud) -> None:
    """A day later again; a clock that is moved a week further sends it once, for the last of the seven times."""
    name = cloud.make()
    for number in (1, 2):
        cloud.advance(DAY)
        cloud.arrives(number)
        today = datetime.fromtimestamp(cloud.clock.now(), UTC).date().isoformat()
        assert eventually(partial(_attempted, cloud, name, today))
    cloud.advance(7 * DAY)
    sent = cloud.arrives(3)
    time.sleep(0.1)

    assert len(cloud.sent) == 3
    last = datetime.fromisoformat(sent[-1].headers["x-cloudscheduler-scheduletime"]).timestamp()
    assert 0 <= cloud.clock.now() - last <= DAY


def _attempted(cloud: Cloud, name: str, day: str) -> bool:
    return str(cloud.get(name).get("lastAttemptTime")).startswith(day)


def test_a_call_of_googles_without_a_token_fails(cloud: Cloud) -> None:
    """UNAUTHENTICATED, and nothing was sent."""
    name = cloud.make(httpTarget={"uri": "https://workflows.googleapis.com/v1/projects/p/locations/l/workflows"})

    assert cloud.ask("POST", f"{name}:run", {})[0] == 200

    assert eventually(lambda: cloud.get(name).get("status", {}).get("code") == 16)
    assert cloud.sent == []


def test_a_failure_is_tried_again_as_its_settings_say(cloud: Cloud) -> None:
    """After 10, 20 and 40 s of the local clock, until an answer is 2xx; the status says how the last try went."""
    cloud.answers = [500, 503, 429]
    retry = {"retryCount": 5, "minBackoffDuration": "10s", "maxBackoffDuration": "300s", "maxDoublings": 3}
    name = cloud.make(retryConfig=retry)
    cloud.ask("POST", f"{name}:run", {})

    cloud.arrives(1)
    assert eventually(lambda: cloud.get(name).get("status", {}).get("code") == 13)
    for number, seconds, code in ((2, 10, 14), (3, 20, 8)):
        cloud.advance(seconds - 1)
        time.sleep(0.1)
        assert len(cloud.sent) == number - 1
        cloud.advance(2)
        cloud.arrives(number)
        assert eventually(lambda code=code: cloud.get(name)["status"].get("code") == code)  # type: ignore[misc] # a default binds it
    cloud.advance(41)
    cloud.arrives(4)
    assert eventually(lambda: cloud.get(name)["status"] == {})
    cloud.advance(400)
    time.sleep(0.1)
    assert len(cloud.sent) == 4


def test_without_retries_a_failure_waits_for_the_next_time(cloud: Cloud) -> None:
    """The default."""
    cloud.answers = [500]
    name = cloud.make()
    cloud.ask("POST", f"{name}:run", {})
    assert eventually(lambda: cloud.get(name).get("status", {}).get("code") == 13)

    cloud.advance(3_700)
    time.sleep(0.1)
    assert len(cloud.sent) == 1
    cloud.advance(DAY)
    cloud.arrives(2)


def test_a_paused_job_is_not_due_until_it_is_resumed(cloud: Cloud) -> None:
    """Times that pass meanwhile are not made up for."""
    name = cloud.make()
    assert cloud.ask("POST", f"{name}:pause", {})[1]["state"] == "PAUSED"
    assert "scheduleTime" not in cloud.get(name)
    cloud.advance(3 * DAY)
    time.sleep(0.1)
    assert cloud.sent == []

    assert cloud.ask("POST", f"{name}:resume", {})[1]["state"] == "ENABLED"
    time.sleep(0.1)
    assert cloud.sent == []
    cloud.advance(DAY)
    cloud.arrives(1)


def test_a_patch_changes_the_fields_of_its_mask(cloud: Cloud) -> None:
    """And when the job is due."""
    name = cloud.make(description="at night")

    status, told = cloud.ask("PATCH", f"{name}?updateMask=schedule", {"schedule": "0 6 * * *", "description": "x"})

    assert status == 200
    assert (told["schedule"], told["description"]) == ("0 6 * * *", "at night")
    assert datetime.fromisoformat(told["scheduleTime"]).astimezone(ZoneInfo("Europe/Paris")).hour == 6
    status, told = cloud.ask("PATCH", f"{name}?updateMask=retry_config.retry_count", {"retryConfig": {"retryCount": 2}})
    assert told["retryConfig"]["retryCount"] == 2
    assert cloud.ask("PATCH", f"{name}?updateMask=state", {"state": "PAUSED"})[0] == 400


def test_jobs_survive_a_restart_and_times_that_passed_have_passed(cloud: Cloud) -> None:
    """The next time is after the restart."""
    name = cloud.make(
        httpTarget={"uri": "https://pubsub.googleapis.com/v1/x", "oauthToken": {"serviceAccountEmail": "a@b"}}
    )
    cloud.stop()
    cloud.advance(3 * DAY)

    cloud.start()

    time.sleep(0.1)
    assert cloud.sent == []
    assert datetime.fromisoformat(cloud.get(name)["scheduleTime"]).timestamp() > cloud.clock.now()
    cloud.advance(DAY)
    cloud.arrives(1)


def test_daylight_saving_is_the_time_zones(cloud: Cloud) -> None:
    """05:15 in Paris is 03:15 UTC in summer and 04:15 in winter."""
    name = cloud.make()
    hours = set()
    for _ in range(2):
        hours.add(datetime.fromisoformat(cloud.get(name)["scheduleTime"]).hour)
        cloud.advance(182 * DAY)
        assert eventually(
            lambda: datetime.fromisoformat(cloud.get(name)["scheduleTime"]).timestamp() > cloud.clock.now()
        )

    assert hours == {3, 4}


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"schedule": "every 24 hours"}, 400),
        ({"schedule": "15 5 * *"}, 400),
        ({"schedule": "61 5 * * *"}, 400),
        ({"schedule": None}, 400),
        ({"timeZone": "Europe/Nowhere"}, 400),
        ({"timeZone": "../etc/passwd"}, 400),
        ({"httpTarget": None}, 400),
        ({"httpTarget": {"uri": "ftp://a/b"}}, 400),
        ({"httpTarget": {"uri": "http://[::1"}}, 400),
        ({"httpTarget": {"uri": "https://example.com/hook"}}, 501),
        ({"httpTarget": {"uri": "http://127.0.0.1:1/hook"}}, 501),
        ({"pubsubTarget": {"topicName": "projects/p/topics/t"}}, 501),
        ({"retryConfig": {"retryCount": 6}}, 400),
        ({"retryConfig": {"minBackoffDuration": "ten"}}, 400),
        ({"attemptDeadline": "5s"}, 400),
        ({"name": "night"}, 400),
        ({"color": "red"}, 400),
    ],
)
def test_a_job_that_is_wrong_or_not_modelled_is_refused(cloud: Cloud, changes: dict[str, object], status: int) -> None:
    """Nothing is kept of it; a job that would call another host least of all."""
    body = {
        "name": f"{PARENT}/jobs/night",
        "schedule": "15 5 * * *",
        "httpTarget": {"uri": f"{cloud.url}/target"},
        **changes,
    }

    assert cloud.ask("POST", f"{PARENT}/jobs", body)[0] == status
    assert cloud.get(f"{PARENT}/jobs") == {"jobs": []}
