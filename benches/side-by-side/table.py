"""What was measured, as Markdown: a pure function of the records."""
from collections import Counter

TOOLS = ("terraform", "relayctl")
NAMES = {"terraform": "Terraform", "relayctl": "relayctl"}
PHASES = ("plan-create", "apply", "plan-noop", "plan-drift", "apply-drift", "destroy")
# More other work than this, in cores, and a wall time is an upper bound.
QUIET = 0.2
ROUND_TRIP_ALLOWANCE_S = 0.1

MEASURES = {
    "calls": lambda phase: phase["requests"]["total"],
    "wall": lambda phase: phase["wall_s"],
    "CPU": lambda phase: phase["cpu_s"],
    "memory": lambda phase: phase["anonymous_mib"],
    "resident": lambda phase: phase["resident_mib"],
}
# What is to be reached: measure, phases of which the worst counts, how many times less, and for which case (None: all).
GOALS = (
    ("calls of a no-op plan", "calls", ("plan-noop",), 4, None),
    ("CPU of a no-op plan", "CPU", ("plan-noop",), 100, None),
    ("CPU, in the phase where it is worst", "CPU", PHASES, 100, None),
    ("peak memory of a no-op plan", "memory", ("plan-noop",), 15, None),
    ("peak memory, in the phase where it is worst", "memory", PHASES, 15, None),
    ("resident memory, in the phase where it is worst", "resident", PHASES, 15, None),
    ("wall of a no-op plan, with 50 stacks and 50 ms", "wall", ("plan-noop",), 20, (50, 50)),
    ("wall of apply", "wall", ("apply",), 4, None),
)


class Case:
    """Both tools on one workload."""

    def __init__(self, stacks, latency_ms, records):
        self.stacks, self.latency_ms = stacks, latency_ms
        self.phases = {record["tool"]: {phase["name"]: phase for phase in record["phases"]} for record in records}

    def name(self):
        return f"{number_of(self.stacks, 'stack')}, {self.latency_ms:g} ms"

    def is_complete(self):
        return all(name in self.phases.get(tool, {}) for tool in TOOLS for name in PHASES)

    def times_less(self, measure, phase):
        """How many times less relayctl takes."""
        ours, theirs = (MEASURES[measure](self.phases[tool][phase]) for tool in ("relayctl", "terraform"))
        return theirs / ours if ours else float("inf")


def markdown(records, asked):
    """`asked` are the cases that belong in the table, (stacks, latency) each, whether they are measured yet or not."""
    cases = [Case(*key, [record for record in records if (record["stacks"], record["latency_ms"]) == key])
             for key in asked]
    complete = [case for case in cases if case.is_complete()]
    missing = [case.name() for case in cases if not case.is_complete()]
    lines = ["# relayctl beside Terraform", "",
             "Printed by `benches/side-by-side/run.py`; nothing in it was written by hand. The README beside that program says "
             "what is measured, and how.", ""]
    lines += circumstances(records, complete, missing)
    lines += surprises(records)
    if complete:
        lines += goals(complete) + round_trips(complete)
    for case in complete:
        lines += measured(case)
    for stacks in dict.fromkeys(case.stacks for case in complete):
        lines += operations([case for case in complete if case.stacks == stacks])
    return "\n".join(lines).rstrip() + "\n"


def circumstances(records, complete, missing):
    each = lambda key: ", ".join(dict.fromkeys(str(record[key]) for record in sorted(records, key=lambda r: r["date"])))
    dates = sorted({record["date"] for record in records})
    machines = dict.fromkeys(
        "{cpu}, {cores} cores, {memory_gb} GB, {kernel}".format(**record["machine"]) for record in records)
    versions = {tool: dict.fromkeys(record["version"] for record in records if record["tool"] == tool) for tool in TOOLS}
    lines = [f"- measured on {' to '.join(dict.fromkeys((dates[0], dates[-1])))}" if dates else "- nothing measured yet",
             *(f"- machine: {machine}" for machine in machines),
             *(f"- {', '.join(versions[tool])}" for tool in TOOLS if versions[tool]),
             *([f"- emulator: {each('emulator')}"] if records else []),
             f"- cases: {'; '.join(case.name() for case in complete) or 'none'}"]
    if missing:
        lines.append(f"- **not measured yet**: {'; '.join(missing)}")
    return [*lines, ""]


def surprises(records):
    lines = [f"- {NAMES[record['tool']]}, {number_of(record['stacks'], 'stack')}, {record['latency_ms']:g} ms, "
             f"{phase['name']}: {'; '.join(phase['wrong'])}"
             for record in records for phase in record["phases"] if phase["wrong"]]
    if not lines:
        return ["All commands ended with the exit codes that they should have, and what they made and removed was there and "
                "gone afterwards.", ""]
    return ["## Not as expected", "", *lines, ""]


def goals(cases):
    rows = []
    for text, measure, phases, least, only in GOALS:
        cells = []
        for case in cases:
            less, phase = min((case.times_less(measure, phase), phase) for phase in phases)
            counts = only in (None, (case.stacks, case.latency_ms))
            mark = f" {'reached' if less >= least else '**not reached**'}" if counts else ""
            cells.append(ratio(less) + (f" ({phase})" if len(phases) > 1 else "") + mark)
        rows.append([text, f"1/{least}", *cells])
    return ["## What is to be reached", "", "relayctl's part of what Terraform takes.", "",
            *table(["", ">at most", *(f">{case.name()}" for case in cases)], rows), ""]


def round_trips(cases):
    lines = []
    for case in cases:
        if case.stacks != 1 or not case.latency_ms:
            continue
        phase = case.phases["relayctl"]["plan-noop"]
        chain = phase["requests"]["longest_chain"]
        allowed = chain["seconds"] + ROUND_TRIP_ALLOWANCE_S
        verdict = "reached" if phase["wall_s"] <= allowed else "**not reached**"
        lines += [f"With {case.latency_ms:g} ms relayctl's no-op plan of one stack takes {phase['wall_s']:.3f} s. The longest "
                  f"chain of its {phase['requests']['total']} requests, each begun when the one before it had ended, is of "
                  f"{chain['requests']} and takes {chain['seconds']:.3f} s: "
                  f"{', '.join(f'`{name}`' for name in chain['operations'])}. At most that and "
                  f"{1000 * ROUND_TRIP_ALLOWANCE_S:.0f} ms: {verdict}.", ""]
    return ["## Round trips", "", *lines] if lines else []


def measured(case):
    rows, busy = [], False
    for name in PHASES:
        for tool in TOOLS:
            phase = case.phases[tool][name]
            noisy = phase["other_cores"] > QUIET
            busy |= noisy
            rows.append([name if tool == TOOLS[0] else "", NAMES[tool], f"{phase['requests']['total']}",
                         f"{phase['requests']['most_at_once']}", seconds(phase["wall_s"]) + ("\\*" if noisy else ""),
                         seconds(phase["cpu_s"]), f"{phase['anonymous_mib']:.1f}",
                         f"{phase['resident_mib']:.1f}", seconds(phase["emulator_cpu_s"])])
        less = {measure: ratio(case.times_less(measure, name)) for measure in MEASURES}
        rows.append(["", "", less["calls"], "", less["wall"], less["CPU"], less["memory"],
                     less["resident"], ""])
    note = [f"\\* Other work took more than {QUIET:g} cores meanwhile: an upper bound.", ""] if busy else []
    head = ["phase", "", ">calls", ">most at once", ">wall s", ">CPU s", ">memory MiB", ">resident MiB",
            ">emulator's CPU s"]
    return [f"## {case.name()}", "", *table(head, rows), "", *note]


def operations(cases):
    """Calls by operation; the latency should make no difference, and whoever reads sees whether it does."""
    columns = [(tool, case) for tool in TOOLS for case in cases]
    heads = [f">{NAMES[tool]} {case.latency_ms:g} ms" for tool, case in columns]
    counts = [case.phases[tool]["plan-noop"]["requests"]["by_operation"] for tool, case in columns]
    rows = [[f"`{name}`", *(str(count.get(name, "")) for count in counts)]
            for name in sorted(set().union(*counts))]
    rows.append(["all", *(str(sum(count.values())) for count in counts)])
    lines = [f"## Calls of {number_of(cases[0].stacks, 'stack')}", "", "Of a no-op plan:", "",
             *table(["operation", *heads], rows), "", "Of the others, with the operations that are called most:", ""]
    others = [[name, NAMES[tool], *(str(case.phases[tool][name]["requests"]["total"]) for case in cases),
               most_called(cases[0].phases[tool][name])] for name in PHASES if name != "plan-noop" for tool in TOOLS]
    return [*lines, *table(["phase", "", *(f">{case.latency_ms:g} ms" for case in cases), ""], others), ""]


def most_called(phase, number=5):
    counts = Counter(phase["requests"]["by_operation"])
    named = [f"`{name}` {count}" for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:number]]
    return ", ".join(named) + (", …" if len(counts) > number else "")


def seconds(time):
    return f"{time:.3f}" if time < 1 else f"{time:.2f}"


def ratio(times_less):
    return f"1/{times_less:.1f}" if times_less >= 1 else f"{1 / times_less:.1f}" if times_less else "–"


def number_of(number, noun):
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def table(columns, rows):
    """Columns are headings; those that begin with `>` are of numbers."""
    line = lambda cells: f"| {' | '.join(cells)} |"
    rule = ["--:" if column.startswith(">") else "---" for column in columns]
    return [line([column.lstrip(">") for column in columns]), line(rule), *map(line, rows)]
