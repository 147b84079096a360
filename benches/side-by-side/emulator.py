"""A fresh emulator of AWS, and the proxy in front of it, on ports that the system gives."""
import json
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import account
from measure import cpu_of

HERE = Path(__file__).resolve().parent
PATIENCE_S = 60


class Emulator:
    def __init__(self, work, latency_ms):
        self.work, self.processes = work, []
        try:
            self.direct, self.moto = self.serve("moto", lambda port: [
                str(Path(sys.executable).parent / "moto_server"), "-H", "127.0.0.1", "-p", str(port)], "/moto-api/")
            account.warm_up(self.direct)
            self.endpoint, self.proxy = self.serve("proxy", lambda port: [
                sys.executable, str(HERE / "proxy.py"), str(port), self.direct, str(latency_ms)], "/__stats")
        except BaseException:
            self.close()
            raise

    def serve(self, name, command, path):
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        with open(self.work / f"{name}.log", "w") as log:
            process = subprocess.Popen(
                command(port), stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.processes.append(process)
        patience = time.monotonic() + PATIENCE_S
        while time.monotonic() < patience and process.poll() is None:
            try:
                asked(url + path)
                return url, process
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"{name} does not answer: {Path(log.name).read_text()[-2000:]}")

    def reset(self):
        asked(self.endpoint + "/__reset")

    def counts(self):
        return json.loads(asked(self.endpoint + "/__stats"))

    def cpu(self):
        """Of the emulator, and of all that the measuring takes."""
        return cpu_of(self.moto.pid), cpu_of(self.moto.pid) + cpu_of(self.proxy.pid)

    def close(self):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def asked(url):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()
