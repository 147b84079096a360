#!/usr/bin/env python3
"""Terraform and relayctl on the same workload: calls, wall time, CPU and memory, phase by phase, as a table.

    run.py --stacks 1,10,50,200 --latency 0,50 --out docs/side-by-side.md

Needs Linux, Python 3.11 or newer with access to PyPI, `terraform` on the PATH, TF_PLUGIN_DIR (a mirror of plugins with
hashicorp/aws, as `terraform providers mirror` or `terraform init` unpacks it), and a release build of relayctl
(`cargo build --release`, or another one that RELAYCTL names). The records are kept in a folder beside the table; a case
that is there, of the same binary, is not measured again. See the README beside this file.
"""
import argparse
import datetime
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import venv
from pathlib import Path

from table import markdown

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
REQUIREMENTS = HERE / "requirements.txt"
STACKS, LATENCIES = [1, 10, 50, 200], [0, 50]
# What the table says it has or hasn't, whatever was asked for this time.
STANDARD = {(stacks, latency) for stacks in STACKS for latency in LATENCIES}


def main():
    arguments = parsed()
    # So that what was started is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    tools = [found_terraform(), found_relayctl()]
    python = environment()
    raw = arguments.out.with_suffix("")
    raw.mkdir(parents=True, exist_ok=True)
    asked = {(stacks, latency) for stacks in arguments.stacks for latency in arguments.latency}
    shown = sorted(asked | STANDARD)
    for stacks, latency in sorted(asked):
        for tool in tools:
            path = file_of(raw, tool["tool"], stacks, latency)
            if not arguments.again and is_measured(path, tool):
                print(f"{path.name}: measured already", file=sys.stderr)
                continue
            record = measure(python, tool, stacks, latency)
            path.with_suffix(".new").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
            path.with_suffix(".new").replace(path)
            arguments.out.write_text(markdown(read(raw, shown, tools), shown))
    records = read(raw, shown, tools)
    arguments.out.write_text(markdown(records, shown))
    wrong = [f"{record['tool']} N={record['stacks']} {record['latency_ms']:g} ms {phase['name']}: {text}"
             for record in records for phase in record["phases"] for text in phase["wrong"]]
    print("\n".join([f"written: {arguments.out}", *(f"WRONG: {text}" for text in wrong)]), file=sys.stderr)
    return 1 if wrong else 0


def parsed():
    numbers = lambda text: [int(number) for number in text.split(",")]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stacks", type=numbers, default=STACKS, help="comma-separated [1,10,50,200]")
    parser.add_argument("--latency", type=numbers, default=LATENCIES, help="added to each call, in ms [0,50]")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "side-by-side.md", help="the table")
    parser.add_argument("--again", action="store_true", help="measure also what is measured already")
    return parser.parse_args()


def found_terraform():
    binary = shutil.which("terraform") or sys.exit("terraform is not on the PATH")
    plugins = Path(os.environ.get("TF_PLUGIN_DIR", ""))
    providers = sorted(plugins.glob("*/hashicorp/aws/*/")) if plugins.name else []
    if not providers:
        sys.exit("TF_PLUGIN_DIR names no folder with registry.terraform.io/hashicorp/aws/VERSION")
    version = json.loads(output(binary, "version", "-json"))["terraform_version"]
    return {"tool": "terraform", "binary": binary, "digest": digest(binary),
            "version": f"Terraform {version} with its AWS provider {providers[-1].name}"}


def found_relayctl():
    binary = Path(os.environ.get("RELAYCTL") or ROOT / "target" / "release" / "relayctl").resolve()
    if not binary.is_file():
        sys.exit("there is no relayctl: cargo build --release, or set RELAYCTL")
    build = "a debug build: slower and larger than what is released" if "debug" in binary.parts else "release build"
    size = binary.stat().st_size / 1e6
    return {"tool": "relayctl", "binary": str(binary), "digest": digest(binary),
            "version": f"{output(str(binary), '--version')}, {build}, {size:.1f} MB, SHA-256 {digest(binary)}…"}


def output(*command):
    # What the person at this machine has set up for Terraform is not to be read.
    env = os.environ | {"TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"}
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, env=env).stdout.strip()


def digest(binary):
    with open(binary, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def environment():
    """The Python that has the emulator, made where that isn't done yet."""
    name = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    folder = ROOT / "target" / f"side-by-side-venv-{name}"
    python, complete = folder / "bin" / "python", folder / "complete"
    if not complete.exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", REQUIREMENTS], check=True)
        complete.touch()
    return str(python)


def measure(python, tool, stacks, latency):
    command = [python, str(HERE / "case.py"), str(HERE / f"{tool['tool']}.json"), tool["binary"], str(stacks), str(latency)]
    process = subprocess.Popen(command, text=True, stdout=subprocess.PIPE)
    try:
        text, _ = process.communicate()
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if process.returncode:
        sys.exit(f"{tool['tool']} N={stacks} {latency} ms could not be measured")
    return {"tool": tool["tool"], "version": tool["version"], "digest": tool["digest"], "stacks": stacks,
            "latency_ms": latency, "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
            "machine": machine(), "emulator": emulator(python), "phases": json.loads(text)}


def machine():
    read = lambda path, key: next(
        (line.partition(":")[2].strip() for line in Path(path).read_text().splitlines() if line.startswith(key)), "unknown")
    return {"cpu": read("/proc/cpuinfo", "model name"), "cores": os.cpu_count(),
            "memory_gb": round(int(read("/proc/meminfo", "MemTotal").split()[0]) * 1024 / 1e9),
            "kernel": f"{os.uname().sysname} {os.uname().release}"}


def emulator(python):
    return "moto " + output(python, "-c", "import importlib.metadata as m; print(m.version('moto'))")


def file_of(raw, tool, stacks, latency):
    return raw / f"{tool}-n{stacks}-l{latency}.json"


def is_measured(path, tool):
    """What another binary took says nothing of this one."""
    return path.exists() and json.loads(path.read_text())["digest"] == tool["digest"]


def read(raw, cases, tools):
    paths = [(file_of(raw, tool["tool"], *case), tool) for case in cases for tool in tools]
    return [json.loads(path.read_text()) for path, tool in paths if is_measured(path, tool)]


if __name__ == "__main__":
    sys.exit(main())
