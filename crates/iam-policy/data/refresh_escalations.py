#!/usr/bin/env python3
"""Compares escalation-paths.json with the published lists of privilege escalation paths, of which it reads clones.

    python3 crates/iam-policy/data/refresh_escalations.py --pathfinding CLONE --prowler CLONE --hacktricks CLONE
    ... --write     also notes the ids of what the file's paths cover, and each clone's commit, date and number of entries

Needs Python 3.9 or newer and git. A clone may be bare; what is committed at its HEAD is read, and none of its code is run.
Exits with 1 if a list has a path that the file neither has nor leaves out for a reason: add it there by hand.
README.md beside this file describes the fields.
"""

import argparse
import ast
import itertools
import json
import pathlib
import re
import subprocess
import sys

FILE = pathlib.Path(__file__).resolve().parent / "escalation-paths.json"
PASS_ROLE = "iam:PassRole"
ACTION = re.compile(r"\b[a-z][a-z0-9-]+:[A-Z*][A-Za-z*]*")


def stop(message):
    sys.exit(f"refresh_escalations.py: {message}")


class Clone:
    def __init__(self, folder):
        self.folder = folder
        self.commit, self.date = self.git("log", "-1", "--format=%H %cs").split()

    def git(self, *arguments):
        done = subprocess.run(("git", "-C", self.folder, *arguments), stdout=subprocess.PIPE, check=True)
        return done.stdout.decode()

    def files(self, folder, ending):
        return [path for path in self.git("ls-tree", "-r", "--name-only", "HEAD", folder).splitlines() if path.endswith(ending)]

    def read(self, path):
        return self.git("show", f"HEAD:{path}")


def pathfinding(clone):
    """One YAML file a path. Its `id`, and the permissions under `permissions: required:`."""
    for path in clone.files("data/paths", ".yaml"):
        text = clone.read(path)
        name = re.search(r"^id: *\"?([\w-]+)", text, re.M)
        block = re.search(r"^permissions:\n((?:[ -].*\n|\n)*)", text, re.M)
        if not name or not block:
            stop(f"pathfinding.cloud: {path} has another form")
        required = block.group(1).partition("additional:")[0]
        yield name.group(1), [re.findall(r"permission: *\"?([\w*:-]+)", required)]


def prowler(clone):
    """A Python file that assigns a dictionary of sets; it is parsed and not run."""
    text = clone.read("prowler/providers/aws/services/iam/lib/privilege_escalation.py")
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            for name, actions in ast.literal_eval(node.value).items():
                yield name, [sorted(actions)]


def hacktricks(clone):
    """One page a service. A heading that names actions is an entry; `|` and "or" in it stand between alternatives."""
    folder = "src/pentesting-cloud/aws-security/aws-privilege-escalation"
    for path in clone.files(folder, ".md"):
        page = path[len(folder) + 1 :].removesuffix("/README.md").removesuffix(".md")
        for title in re.findall(r"^#{2,4} (.*)$", clone.read(path), re.M):
            title = re.sub(r"<a .*?</a>|[`*\\]", "", title).strip()
            actions = ACTION.findall(title)
            if actions and not title.startswith("If you"):
                slug = re.sub(r"-+", "-", re.sub(r"[^a-z0-9_ -]", "", title.lower()).replace(" ", "-"))
                # What stands in brackets without an alternative is optional; the rest is read by hand.
                yield f"{page}#{slug}", choices(title)


def choices(title):
    title = re.sub(r"\((?:and, )?where[^)]*\)|, \(([^()|]*)\)", "", title)
    groups = [ACTION.findall(part) for part in re.split(r",|\+|&| and | with ", re.sub(r"\|+| or ", "|", title))]
    return [list(choice) for choice in itertools.product(*[group for group in groups if group])]


READERS = {"pathfinding": pathfinding, "prowler": prowler, "hacktricks": hacktricks}

# The lists, the best known first: the order of PublishedList in src/escalation/publication.rs.
ORDER = ["pathfinding", "pathfinding-labs", "prowler", "reversec", "hacktricks", "awspx", "rhino", "pmapper", "relayctl"]


def opens(path, actions):
    """Tells if these actions suffice for the path. `iam:*` has every action of its service."""
    def has(action):
        return any(re.fullmatch(re.escape(it.lower()).replace(r"\*", ".*"), action.lower()) for it in actions)
    return all(any(has(action) for action in need["any"]) for need in path["needs"])


def covering(paths, actions):
    """The paths that these actions open. What passes a role is covered only by what passes one, too: the paths of existing
    resources say less."""
    opened = [path for path in paths if opens(path, actions)]
    if PASS_ROLE in actions:
        gains = {"permissions", "everything"}
        passing = [path for path in opened if path["gain"] in gains or any(PASS_ROLE in need["any"] for need in path["needs"])]
        return passing
    return opened


def closest(paths):
    """Of the paths that an entry covers, the one that has most of its actions."""
    return max(paths, key=lambda path: len(path["needs"]))


def compare(data, name, entries):
    """Prints what the list has that the file does not; returns how many of these there are. Notes the ids of the others."""
    left_out = {it["id"] for it in data["left_out"] if it["list"] == name}
    told, seen = 0, set()
    for entry, sets in entries:
        seen.add(entry)
        if entry in left_out:
            continue
        noted = [path for path in data["paths"] if entry in path["sources"].get(name, [])]
        # A heading doesn't always name everything that its text does: what is noted of HackTricks was read by hand.
        for path in noted if name != "hacktricks" else []:
            if not any(opens(path, actions) for actions in sets):
                print(f"changed    {name} {entry}: no longer opens {path['name']}: {' or '.join('+'.join(it) for it in sets)}")
                told += 1
        for actions in sets if not noted else []:
            paths = covering(data["paths"], actions)
            if paths:
                note(closest(paths), name, entry)
            else:
                print(f"new        {name} {entry}: {' + '.join(actions)}")
                told += 1
    for path in data["paths"]:
        for entry in path["sources"].get(name, []):
            if entry not in seen:
                print(f"not there  {name} {entry}, source of {path['name']}: withdrawn, or the clone is older")
    return told


def note(path, name, entry):
    """Adds an id to the path's sources, and keeps the lists in order."""
    ids = path["sources"].setdefault(name, [])
    if entry not in ids:
        ids.append(entry)
    path["sources"] = {name: path["sources"][name] for name in sorted(path["sources"], key=ORDER.index)}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in READERS:
        arguments.add_argument(f"--{name}", metavar="CLONE", help="folder of a clone of the list")
    arguments.add_argument("--write", action="store_true", help="write the ids, commits and dates into the file")
    chosen = arguments.parse_args()
    data = json.loads(FILE.read_text())
    told = 0
    for name, reader in READERS.items():
        folder = getattr(chosen, name)
        if folder is None:
            continue
        clone = Clone(folder)
        entries = list(reader(clone))
        told += compare(data, name, entries)
        data["lists"][name].update(commit=clone.commit, date=clone.date, entries=len(entries))
        print(f"{name}: {len(entries)} entries at {clone.commit[:9]} of {clone.date}")
    if chosen.write:
        FILE.write_text(dumped(data))
    print(f"{len(data['paths'])} paths, {told} entries to look at")
    sys.exit(1 if told else 0)


def dumped(data):
    """One path a line, so that a difference shows the paths that changed."""
    rows = lambda items: "[\n" + ",\n".join("    " + json.dumps(item, ensure_ascii=False) for item in items) + "\n  ]"
    lists = json.dumps(data["lists"], indent=2, ensure_ascii=False).replace("\n", "\n  ")
    return f'{{\n  "lists": {lists},\n  "paths": {rows(data["paths"])},\n  "left_out": {rows(data["left_out"])}\n}}\n'


if __name__ == "__main__":
    main()
