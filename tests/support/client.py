"""Runs the snippet on stdin with boto3's clients in reach: a client that is not the one under test.

Endpoint, credentials and region come from the environment, as boto3 finds them.
"""

import json
import sys

import boto3


def s3_in(region):
    return boto3.client("s3", region_name=region)


def show(value):
    """Prints a value as JSON; dates as text."""
    print(json.dumps(value, default=str, sort_keys=True))


names = {
    "boto3": boto3,
    "iam": boto3.client("iam"),
    "json": json,
    "s3": s3_in("us-east-1"),
    "s3_in": s3_in,
    "show": show,
    "sts": boto3.client("sts"),
}
exec(compile(sys.stdin.read(), "snippet", "exec"), names)
