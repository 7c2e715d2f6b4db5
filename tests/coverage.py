"""Adds up the lines of llvm-cov's summary by package, says which files are reached least, and writes figures for the scorecard."""

import json
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# Folder, what it is called, and the least part of its lines, in per cent.
PACKAGES = [("src", "the server", 85), ("protocol/src", "the protocol", 95)]
# Shown because a test might be missing there.
LEAST = 10


def figure(what, value, **goal):
    """Writes down what was measured, for the scorecard."""
    folder = pathlib.Path(os.environ.get("SCORECARD_DIR", ROOT / "target" / "scorecard")) / "B9"
    folder.mkdir(parents=True, exist_ok=True)
    words = {"what": what, "value": value, "unit": "%", "goal": goal, "soak": os.environ.get("SOAK") == "1"}
    (folder / f"{what.replace(' ', '-')}.json").write_text(json.dumps(words))


def main(summary):
    files = json.loads(pathlib.Path(summary).read_text())["data"][0]["files"]
    lines = {pathlib.Path(file["filename"]): file["summary"]["lines"] for file in files}
    reached = []
    for folder, name, least in PACKAGES:
        # Tests beside the code reach themselves.
        own = {
            file.relative_to(ROOT): count
            for file, count in lines.items()
            if file.is_relative_to(ROOT / folder) and file.name not in ("tests.rs", "contract.rs") and "tests" not in file.parts
        }
        count, covered = (sum(part[key] for part in own.values()) for key in ("count", "covered"))
        if not count:
            continue
        per_cent = 100 * covered / count
        print(f"{name}: {per_cent:.1f} % of {count} lines")
        figure(f"lines of {name} that tests reach", round(per_cent, 1), atLeast=least)
        reached += [(part["percent"], str(file), part["count"] - part["covered"]) for file, part in own.items()]
    for per_cent, file, missing in sorted(reached)[:LEAST]:
        print(f"  {per_cent:5.1f} %  {file}: {missing} lines are not reached")


if __name__ == "__main__":
    main(sys.argv[1])
