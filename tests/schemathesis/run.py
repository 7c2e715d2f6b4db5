"""Drives a server with requests of all kinds, made by schemathesis from docs/openapi.json, and checks every answer.

run.py SERVER   SERVER is the built binary. Ends with 0 when nothing was found.
"""

import json
import os
import pathlib
import subprocess
import sys
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
DOCUMENT = HERE.parent.parent / "docs" / "openapi.json"
# Reports and whatever schemathesis leaves lie beside its installation.
WORK = pathlib.Path(sys.prefix) / "work"

# Fewer requests than this mean that the run itself is broken.
CASES = 2000

# Everything; then the links of sessions by themselves, which those of offers leave no room for.
RUNS = [[], ["--phases", "stateful", "--include-tag", "Sessions"]]

SETTINGS = {"HOST": "127.0.0.1", "PORT": "0", "LOG_FORMAT": "json", "STORAGE_TYPE": "memory"}
# So that hooks.py can guess codes as many clients: one that guesses is soon not listened to.
SETTINGS |= {"TRUSTED_PROXIES": "127.0.0.1"}


class Server:
    """The binary on a free port, its log kept."""

    def __init__(self, binary):
        self.process = subprocess.Popen([binary], env=SETTINGS, stderr=subprocess.PIPE, text=True)
        self.log = []
        self.address = self.listening()
        threading.Thread(target=lambda: self.log.extend(self.process.stderr), daemon=True).start()

    def listening(self):
        for line in self.process.stderr:
            self.log.append(line)
            fields = json.loads(line).get("fields", {}) if line.startswith("{") else {}
            if fields.get("message") == "listening":
                return fields["address"]
        sys.exit("the server never listened:\n" + "".join(self.log))

    def faults(self):
        """What no request may do to a server."""
        panics = [line for line in self.log if "panicked at" in line]
        if self.process.poll() is not None:
            return [f"the server ended with {self.process.returncode}", *panics]
        with urllib.request.urlopen(f"http://{self.address}/readyz", timeout=10) as answer:
            return panics if answer.status == 200 else [f"/readyz is {answer.status}", *panics]


def schemathesis(address, *chosen):
    """How one run ended, and how many requests it made."""
    WORK.mkdir(exist_ok=True)
    report = WORK / "report.json"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", HERE / "schemathesis.toml", "run", DOCUMENT]
    command += ["--url", f"http://{address}", "--report-json-path", report, *chosen]
    environment = os.environ | {"SCHEMATHESIS_HOOKS": str(HERE / "hooks.py")}
    environment |= {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    ended = subprocess.run(command, cwd=WORK, env=environment)
    return ended.returncode, json.loads(report.read_text())["test_cases"]["generated"] if report.exists() else 0


def figure(what, value, **goal):
    """Writes down what was measured, for the scorecard."""
    folder = pathlib.Path(os.environ.get("SCORECARD_DIR", HERE.parent.parent / "target" / "scorecard")) / "B4"
    folder.mkdir(parents=True, exist_ok=True)
    words = {"what": what, "value": value, "goal": goal, "soak": os.environ.get("SOAK") == "1"}
    (folder / f"{what.replace(' ', '-')}.json").write_text(json.dumps(words))


def main(binary):
    begin = time.monotonic()
    server = Server(binary)
    try:
        runs = [schemathesis(server.address, *chosen) for chosen in RUNS]
        faults = server.faults()
    finally:
        server.process.kill()
        server.process.wait()
    cases = sum(made for _, made in runs)
    print(f"{cases} requests in {time.monotonic() - begin:.0f} s")
    if cases < CASES:
        faults.append(f"only {cases} requests were made, not {CASES}")
    for fault in faults:
        print(fault, file=sys.stderr)
    failed = sum(status != 0 for status, _ in runs)
    figure("requests that were made", cases, atLeast=CASES)
    figure("runs with an answer that was not as documented", failed, exactly=0)
    figure("faults of the server", len(faults), exactly=0)
    return 1 if faults or failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
