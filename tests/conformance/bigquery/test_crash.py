"""What a killed server leaves behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

from tests.conformance.bigquery.conftest import PROJECT, serve

PROGRAM = """
import sys, threading
from pathlib import Path
from starlette.applications import Starlette
import uvicorn
from replicator.local.bigquery.api.app import bigquery_routes
from replicator.local.recorder import Recorder
service = bigquery_routes(Path(sys.argv[1]), Recorder())
config = uvicorn.Config(Starlette(routes=service.routes), host="127.0.0.1", port=0, log_level="warning")
server = uvicorn.Server(config)
def tell():
    while not server.started:
        pass
    print(server.servers[0].sockets[0].getsockname()[1], flush=True)
threading.Thread(target=tell).start()
server.run()
"""


def test_a_job_that_was_answered_done_survives_kill_9(tmp_path: Path) -> None:
    """It is DONE with what it did; a job that was running is DONE and failed, and says that the server stopped."""
    from google.api_core.client_options import ClientOptions
    from google.auth.credentials import AnonymousCredentials
    from google.cloud import bigquery

    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        client = bigquery.Client(
            project=PROJECT,
            credentials=AnonymousCredentials(),
            client_options=ClientOptions(api_endpoint=f"http://127.0.0.1:{port}"),
            location="EU",
        )
        made = bigquery.Dataset(f"{PROJECT}.kept")
        made.location = "EU"
        client.create_dataset(made)
        config = bigquery.LoadJobConfig(schema=[bigquery.SchemaField("i", "INTEGER")])
        done = client.load_table_from_json([{"i": 1}], f"{PROJECT}.kept.t", job_id="load", job_config=config)
        done.result()
        client.query("WHILE TRUE DO SELECT 1; END WHILE", job_id="endless", job_retry=None)
        time.sleep(0.3)
        os.kill(process.pid, signal.SIGKILL)

    again = serve(tmp_path)
    client = next(again).client(location="EU")
    assert client.get_job("load").state == "DONE"
    assert [row["i"] for row in client.list_rows(f"{PROJECT}.kept.t")] == [1]
    endless = client.get_job("endless")
    assert endless.state == "DONE"
    assert endless.error_result is not None
    assert "The server stopped" in endless.error_result["message"]
    again.close()
