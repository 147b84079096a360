"""Runs a command and measures its whole tree of processes. Linux only, standard library only.

The measuring process makes itself the tree's subreaper and waits for every descendant, so that the CPU time of helpers
that outlive the command (Terraform's provider) is counted too. Memory is sampled from /proc: every 5 ms in the first half
second, then every 20 ms.
"""
import ctypes
import json
import os
import resource
import select
import signal
import time

PR_SET_CHILD_SUBREAPER = 36
TICKS = os.sysconf("SC_CLK_TCK")
LINGER_S = 10.0


def cpu_of(pid):
    with open(f"/proc/{pid}/stat") as file:
        text = file.read()
    fields = text[text.rindex(")") + 2:].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measured(command, env, folder, output):
    """Runs the command in a child of its own, so that nothing but its tree is counted, and returns the record."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        signal.signal(signal.SIGTERM, end_tree)
        try:
            record = watch(command, env, folder, output)
        except BaseException as error:
            record = {"exit": None, "error": repr(error)}
        with os.fdopen(writing, "w") as file:
            json.dump(record, file)
        os._exit(0)
    os.close(writing)
    try:
        with os.fdopen(reading) as file:
            record = json.load(file)
    except BaseException:
        os.kill(pid, signal.SIGTERM)
        raise
    finally:
        os.waitpid(pid, 0)
    if "error" in record:
        raise RuntimeError(f"{command[0]} could not be measured: {record['error']}")
    return record


def watch(command, env, folder, output):
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    pid = started(command, env, folder, output)
    busy, begin = machine_busy(), time.monotonic()
    alive = os.pidfd_open(pid)
    memory = Memory()
    code = ended = None
    while True:
        elapsed = time.monotonic() - begin
        memory.sample(elapsed)
        if ended is None:
            select.select([alive], [], [], 0.02 if elapsed > 0.5 else 0.005)  # wakes up at the command's end
        else:
            time.sleep(0.02)
        now = time.monotonic()
        try:
            while (got := os.waitpid(-1, os.WNOHANG))[0]:
                if got[0] == pid:
                    ended, code = now, os.waitstatus_to_exitcode(got[1])
        except ChildProcessError:
            break
        if ended is not None and now - ended > LINGER_S:
            for left in descendants(os.getpid()):
                os.kill(left, signal.SIGKILL)
    use = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = use.ru_utime + use.ru_stime
    own = resource.getrusage(resource.RUSAGE_SELF)
    others = max(0.0, machine_busy() - busy - cpu - own.ru_utime - own.ru_stime) / (time.monotonic() - begin)
    return {"exit": code, "wall_s": round(ended - begin, 4), "cpu_s": round(cpu, 4),
            "anonymous_mib": round(memory.anonymous, 1), "resident_mib": round(memory.resident, 1),
            "other_cores": round(others, 2)}


def started(command, env, folder, output):
    """Returns once the command's program is in the place of this one's, whose memory is not to be counted."""
    reading, writing = os.pipe()  # closed by the exec
    pid = os.fork()
    if pid == 0:
        try:
            file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
            os.dup2(file, 1)
            os.dup2(file, 2)
            os.chdir(folder)
            os.execvpe(command[0], command, env)
        except BaseException as error:
            os.write(2, f"{command[0]}: {error}\n".encode())
        os._exit(127)
    os.close(writing)
    os.read(reading, 1)
    os.close(reading)
    return pid


class Memory:
    """The highest sums over the tree at one moment, in MiB: resident, and of that without pages of files (programs)."""

    def __init__(self):
        self.resident = self.anonymous = 0.0
        self.tree, self.look_again = [], 0.0

    def sample(self, elapsed):
        if elapsed >= self.look_again:
            self.tree = descendants(os.getpid())
            self.look_again = elapsed + (0.15 if elapsed > 1 else 0.03)
        sizes = [sizes_of(pid) for pid in self.tree]
        self.resident = max(self.resident, sum(size.get("VmRSS", 0.0) for size in sizes))
        self.anonymous = max(self.anonymous, sum(size.get("RssAnon", 0.0) for size in sizes))


def sizes_of(pid):
    try:
        with open(f"/proc/{pid}/status") as file:
            lines = [line.split() for line in file]
    except OSError:
        return {}
    return {line[0][:-1]: int(line[1]) / 1024 for line in lines if line and line[0] in ("VmRSS:", "RssAnon:")}


def descendants(root):
    children = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                text = file.read()
        except OSError:
            continue
        children.setdefault(int(text[text.rindex(")") + 2:].split()[1]), []).append(int(name))
    found, left = [], list(children.get(root, []))
    while left:
        found.append(left.pop())
        left += children.get(found[-1], [])
    return found


def machine_busy():
    """CPU seconds of the whole machine since it started; what runs in guests is in the first number already."""
    with open("/proc/stat") as file:
        user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, file.readline().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS


def end_tree(*_):
    for pid in descendants(os.getpid()):
        os.kill(pid, signal.SIGTERM)
    os._exit(143)
