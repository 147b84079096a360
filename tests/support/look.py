"""What a client of its own sees of the stacks called `names`: run by client.py."""


def stack(name):
    user, role = f"deployer-{name}", f"relay-{name}"
    # Each stack has a state of its own, whose tag has a value of its own.
    value = lambda tag: "STATE" if tag["Key"] == "relayctl:state" else tag["Value"]
    tags = lambda answer: sorted((tag["Key"], value(tag)) for tag in answer["Tags"])
    attached = lambda answer: [it["PolicyName"] for it in answer["AttachedPolicies"]]
    def policy(policy):
        arn = f"arn:aws:iam::123456789012:policy/{policy}"
        versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=versions[0]["VersionId"])["PolicyVersion"]["Document"]
        return [len(versions), document, tags(iam.list_policy_tags(PolicyArn=arn))]
    bucket = f"zappa-relay-{name}"
    return {
        "user": tags(iam.list_user_tags(UserName=user)),
        "user policies": attached(iam.list_attached_user_policies(UserName=user)),
        "keys": [[key["AccessKeyId"], key["Status"]] for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]],
        "role": [iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"], tags(iam.list_role_tags(RoleName=role))],
        "role policies": attached(iam.list_attached_role_policies(RoleName=role)),
        "policies": [policy(f"Deploy-{name}"), policy(f"Execute-{name}")],
        "bucket": s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"],
        "bucket tags": sorted((tag["Key"], value(tag)) for tag in s3.get_bucket_tagging(Bucket=bucket)["TagSet"]),
    }

show({name: stack(name) for name in names})
