"""The same infrastructure, N relay stacks, as Terraform's configuration and as relayctl's manifest.

A stack is 11 resources for Terraform: a user with tags and an access key, a role, a policy for each of the two and its
attachment, and a bucket with tags, versioning, encryption and a public access block.
"""
import json
from pathlib import Path

ACCOUNT = "123456789012"
REGION = "us-east-1"

DEPLOYMENT = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow",
         "Action": ["iam:AttachRolePolicy", "iam:GetRole", "iam:CreateRole", "iam:PassRole", "iam:PutRolePolicy"],
         "Resource": [f"arn:aws:iam::{ACCOUNT}:role/*ZappaLambdaExecutionRole"]},
        {"Effect": "Allow",
         "Action": [
             "apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT",
             "events:DeleteRule", "events:DescribeRule", "events:ListRules", "events:ListRuleNamesByTarget",
             "events:ListTargetsByRule", "events:PutRule", "events:PutTargets", "events:RemoveTargets",
             "lambda:AddPermission", "lambda:CreateFunction", "lambda:DeleteFunction",
             "lambda:DeleteFunctionConcurrency", "lambda:GetAlias", "lambda:GetFunction",
             "lambda:GetFunctionConfiguration", "lambda:GetPolicy", "lambda:InvokeFunction",
             "lambda:ListVersionsByFunction", "lambda:RemovePermission", "lambda:UpdateFunctionCode",
             "lambda:UpdateFunctionConfiguration", "cloudformation:CreateStack", "cloudformation:DeleteStack",
             "cloudformation:DescribeStackResource", "cloudformation:DescribeStacks",
             "cloudformation:ListStackResources", "cloudformation:UpdateStack", "logs:DeleteLogGroup",
             "logs:DescribeLogStreams", "logs:FilterLogEvents"],
         "Resource": ["*"]},
        {"Effect": "Allow",
         "Action": ["s3:CreateBucket", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
         "Resource": ["arn:aws:s3:::zappa-*"]},
        {"Effect": "Allow",
         "Action": ["s3:DeleteObject", "s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload",
                    "s3:ListMultipartUploadParts"],
         "Resource": ["arn:aws:s3:::zappa-*/*"]},
    ],
}
EXECUTION = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["logs:*"], "Resource": "arn:aws:logs:*:*:*"},
        {"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": ["*"]},
    ],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{
        "Sid": "",
        "Effect": "Allow",
        "Principal": {"Service": ["apigateway.amazonaws.com", "lambda.amazonaws.com"]},
        "Action": "sts:AssumeRole",
    }],
}


def write(stacks, folder):
    for name, document in (("main.tf.json", terraform(stacks)), ("relayctl.yaml", relayctl(stacks))):
        Path(folder, name).write_text(json.dumps(document, indent=1) + "\n")


def terraform(stacks):
    """One block for each type of resource, with `for_each` over the stacks, as a person would write it."""
    return {
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws"}}},
        "variable": {"endpoint": {"type": "string"}},
        "provider": {"aws": [{
            "region": REGION, "access_key": "testing", "secret_key": "testing", "s3_use_path_style": True,
            "skip_metadata_api_check": True,
            "endpoints": [{service: "${var.endpoint}" for service in ("iam", "s3", "sts")}],
        }]},
        "locals": {"stacks": [str(number) for number in range(1, stacks + 1)],
                   **{name: json.dumps(document, separators=(",", ":")) for name, document in
                      (("deployment", DEPLOYMENT), ("execution", EXECUTION), ("trust", TRUST))}},
        "resource": {kind: {name: {"for_each": "${toset(local.stacks)}", **body} for name, body in named.items()}
                     for kind, named in blocks().items()},
    }


def blocks():
    user, role = "${aws_iam_user.relay[each.key].name}", "${aws_iam_role.relay[each.key].name}"
    bucket = {"bucket": "${aws_s3_bucket.relay[each.key].id}"}
    aes256 = [{"apply_server_side_encryption_by_default": [{"sse_algorithm": "AES256"}]}]
    return {
        "aws_iam_user": {"relay": {
            "name": "serverless-${each.key}",
            "tags": {"app": "tr-relay", "env": "prod", "relay": "${each.key}"},
        }},
        "aws_iam_access_key": {"relay": {"user": user}},
        "aws_iam_policy": {
            "deployment": {"name": "ZappaLambdaDeploymentPolicy-${each.key}", "policy": "${local.deployment}",
                           "description": "Zappa deployment, relay ${each.key}"},
            "execution": {"name": "ZappaLambdaExecutionPolicy-${each.key}", "policy": "${local.execution}",
                          "description": "Zappa execution, relay ${each.key}"},
        },
        "aws_iam_user_policy_attachment": {"relay": {
            "user": user, "policy_arn": "${aws_iam_policy.deployment[each.key].arn}"}},
        "aws_iam_role": {"relay": {
            "name": "tr-relay-${each.key}-ZappaLambdaExecutionRole",
            "description": "Execution role of relay ${each.key}",
            "max_session_duration": 7200, "assume_role_policy": "${local.trust}",
        }},
        "aws_iam_role_policy_attachment": {"relay": {
            "role": role, "policy_arn": "${aws_iam_policy.execution[each.key].arn}"}},
        "aws_s3_bucket": {"relay": {
            "bucket": "zappa-tr-relay-${each.key}", "tags": {"app": "tr-relay", "relay": "${each.key}"}}},
        "aws_s3_bucket_versioning": {"relay": {**bucket, "versioning_configuration": [{"status": "Enabled"}]}},
        "aws_s3_bucket_server_side_encryption_configuration": {"relay": {**bucket, "rule": aes256}},
        "aws_s3_bucket_public_access_block": {"relay": {
            **bucket, "block_public_acls": True, "ignore_public_acls": True,
            "block_public_policy": True, "restrict_public_buckets": True,
        }},
    }


def relayctl(stacks):
    """As JSON, which is YAML, too."""
    policies, users, roles, buckets = {}, {}, {}, {}
    for number in range(1, stacks + 1):
        user, deployment, execution = (
            f"serverless-{number}", f"ZappaLambdaDeploymentPolicy-{number}", f"ZappaLambdaExecutionPolicy-{number}")
        policies[deployment] = {"description": f"Zappa deployment, relay {number}", "document": DEPLOYMENT}
        policies[execution] = {"description": f"Zappa execution, relay {number}", "document": EXECUTION}
        users[user] = {"tags": {"app": "tr-relay", "env": "prod", "relay": str(number)}, "policies": [deployment],
                       "access_key": {"profile": user}}
        roles[f"tr-relay-{number}-ZappaLambdaExecutionRole"] = {
            "description": f"Execution role of relay {number}", "max_session_duration": 7200, "trust": TRUST,
            "policies": [execution]}
        buckets[f"zappa-tr-relay-{number}"] = {
            "tags": {"app": "tr-relay", "relay": str(number)}, "versioning": True, "encryption": "AES256",
            "public_access_block": True}
    return {"version": 1, "name": "bench", "account": ACCOUNT, "region": REGION,
            "policies": policies, "users": users, "roles": roles, "buckets": buckets}
