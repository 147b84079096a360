"""The emulated account, behind the tool's back: what is in it, and what somebody changes by hand."""
import json

import boto3

from workload import ACCOUNT, REGION


def client(service, endpoint):
    return boto3.client(service, endpoint_url=endpoint, region_name=REGION,
                        aws_access_key_id="testing", aws_secret_access_key="testing")


def warm_up(endpoint):
    """The emulator loads a service's data at its first call; that is not to be in the first phase."""
    client("sts", endpoint).get_caller_identity()
    client("iam", endpoint).list_users()
    client("s3", endpoint).list_buckets()


def drift(stacks, endpoint):
    """A tag less on one user, and one action more in one policy: two updates, however many stacks there are."""
    iam = client("iam", endpoint)
    iam.untag_user(UserName="serverless-1", TagKeys=["env"])
    arn = f"arn:aws:iam::{ACCOUNT}:policy/ZappaLambdaDeploymentPolicy-{(stacks + 1) // 2}"
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    if isinstance(document, str):
        document = json.loads(document)
    document["Statement"][2]["Action"].append("s3:GetBucketLocation")
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=json.dumps(document), SetAsDefault=True)


def census(endpoint):
    """How much of everything there is. AWS's own policies and roles don't count."""
    iam, s3 = client("iam", endpoint), client("s3", endpoint)
    pages = lambda call, key, **options: [
        item for page in iam.get_paginator(call).paginate(**options) for item in page[key]]
    users, roles = pages("list_users", "Users"), pages("list_roles", "Roles")
    named = lambda things, key: [thing[key] for thing in things]
    return {
        "users": len(users),
        "keys": sum(len(pages("list_access_keys", "AccessKeyMetadata", UserName=user))
                    for user in named(users, "UserName")),
        "policies": len(pages("list_policies", "Policies", Scope="Local")),
        "roles": len(roles),
        "attachments":
            sum(len(pages("list_attached_user_policies", "AttachedPolicies", UserName=user))
                for user in named(users, "UserName"))
            + sum(len(pages("list_attached_role_policies", "AttachedPolicies", RoleName=role))
                  for role in named(roles, "RoleName")),
        "buckets": len(s3.list_buckets()["Buckets"]),
    }


def expected(stacks):
    return {"users": stacks, "keys": stacks, "policies": 2 * stacks, "roles": stacks,
            "attachments": 2 * stacks, "buckets": stacks}
