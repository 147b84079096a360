#!/usr/bin/env python3
"""One tool on one workload, phase by phase: case.py TOOL.json BINARY STACKS LATENCY_MS

TOOL.json lists the tool's commands. Filled in are {binary}, {endpoint}, {folder} and {plugins}; a phase is
    {"name", "command": [...], "exit": 0, "timed": true, "drift": false, "account": "full" or "empty"}
`drift` changes something behind the tool's back first; `account` says what must be in the account afterwards. The record
goes to stdout, as JSON, and what goes on to stderr.
"""
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import account
import workload
from emulator import Emulator
from measure import measured

SAYS = re.compile(r"(Plan:|No changes|Apply complete|Destroy complete)")


def main():
    tool_file, binary, stacks, latency_ms = sys.argv[1:]
    # So that what was started is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    tool = json.loads(Path(tool_file).read_text())
    work = Path(tempfile.mkdtemp(prefix="side-by-side-"))
    try:
        phases = run(tool, binary, int(stacks), float(latency_ms), work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    json.dump(phases, sys.stdout)


def run(tool, binary, stacks, latency_ms, work):
    folder = work / "project"
    folder.mkdir()
    (folder / "empty.tfrc").touch()
    workload.write(stacks, folder)
    emulator = Emulator(work, latency_ms)
    try:
        values = {"binary": binary, "endpoint": emulator.endpoint, "folder": str(folder),
                  "plugins": os.environ.get("TF_PLUGIN_DIR", "")}
        env = environment(folder, emulator.endpoint) | {
            name: filled(text, values) for name, text in tool["env"].items()}
        phases = []
        for phase in tool["phases"]:
            if phase.get("drift"):
                account.drift(stacks, emulator.direct)
            command = [filled(word, values) for word in phase["command"]]
            phases.append(done(phase, command, stacks, env, emulator, work))
            print(told(tool["tool"], stacks, latency_ms, phases[-1]), file=sys.stderr, flush=True)
        return phases
    finally:
        emulator.close()


def environment(folder, endpoint):
    """Nothing of what the person at this machine has set up, but for where programs are."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return kept | {
        "HOME": str(folder), "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": workload.REGION, "AWS_EC2_METADATA_DISABLED": "true",
    }


def filled(text, values):
    return re.sub(r"\{(\w+)\}", lambda match: values[match.group(1)], text)


def done(phase, command, stacks, env, emulator, work):
    emulator.reset()
    before, output = emulator.cpu(), work / f"{phase['name']}.out"
    record = {"name": phase["name"], "timed": phase.get("timed", True), "expected_exit": phase.get("exit", 0)}
    record |= measured(command, env, work / "project", output)
    after = emulator.cpu()
    # What neither the tool nor the emulator nor the proxy used: other work on the machine.
    record["other_cores"] = round(max(0.0, record["other_cores"] - (after[1] - before[1]) / record["wall_s"]), 2)
    record["emulator_cpu_s"] = round(after[0] - before[0], 2)
    record["requests"] = emulator.counts()
    text = output.read_text(errors="replace")
    record["says"] = [line for line in text.splitlines() if SAYS.match(line)]
    record["wrong"] = wrong(phase, record, stacks, emulator)
    if record["wrong"]:
        print(text[-3000:], file=sys.stderr)
    return record


def wrong(phase, record, stacks, emulator):
    """What was not as expected, in words."""
    found = []
    if record["exit"] != record["expected_exit"]:
        found.append(f"exit code {record['exit']}, not {record['expected_exit']}")
    if "account" in phase:
        there, full = account.census(emulator.direct), account.expected(stacks)
        expected = full if phase["account"] == "full" else dict.fromkeys(full, 0)
        differing = [f"{there[what]} {what}, not {number}" for what, number in expected.items() if there[what] != number]
        found += [f"in the account are {text}" for text in differing]
    return found


def told(tool, stacks, latency_ms, phase):
    return (f"{tool} N={stacks} {latency_ms:g} ms {phase['name']}: {phase['wall_s']:.2f} s, CPU {phase['cpu_s']:.2f} s, "
            f"{phase['anonymous_mib']:.1f} MiB, {phase['requests']['total']} calls"
            + "".join(f"; WRONG: {text}" for text in phase["wrong"]))


if __name__ == "__main__":
    main()
