"""An executor of the tests' own: the workflow's argument says what it does, its source is not looked at."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any


def tell(**line: Any) -> None:
    write(json.dumps(line))


def write(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def step(moment: str, name: str, **more: Any) -> None:
    tell(step={"routine": "main", "step": name, "moment": moment, "line": 1, "count": 1, "at": time.time(), **more})


def die_with_the_server() -> None:
    sys.stdin.read()
    os._exit(3)


def cancelled(_signal: int, _frame: FrameType | None) -> None:
    tell(cancelled=True)
    os._exit(0)


def main() -> None:
    task = json.loads(sys.stdin.readline())
    threading.Thread(target=die_with_the_server, daemon=True).start()
    argument = task["argument"] or {}
    if "pid" in argument:
        Path(argument["pid"]).write_text(str(os.getpid()), encoding="utf-8")
    step("started", "begin")
    match argument.get("do"):
        case "fail":
            step("failed", "begin", data=argument["error"])
            tell(error=argument["error"], trace=[{"step": "begin", "routine": "main", "line": 4, "column": 7}])
        case "die":
            sys.stderr.write("something broke\n")
            sys.exit(9)
        case "babble":
            write("not of the protocol")
            time.sleep(60)
        case "hang":
            signal.signal(signal.SIGTERM, cancelled)
            time.sleep(60)
        case "ignore":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            step("started", "deaf")
            time.sleep(60)
        case "log":
            step("log", "begin", data={"a": 1}, severity="INFO")
            step("finished", "begin")
            tell(result=None)
        case _:
            step("finished", "begin")
            step("started", "end")
            step("finished", "end")
            told = {name: task[name] for name in ("argument", "environment", "endpoints")}
            tell(result={**told, "pid": os.getpid()})


main()
