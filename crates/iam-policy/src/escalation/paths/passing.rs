//! Escalation paths that pass a role to a service, which then acts for the caller.

use super::{Gain, Need, On, Path};

/// Returns a path of `iam:PassRole` on the role and the permissions that make the service use it.
const fn path(
    name: &'static str,
    gives: &'static str,
    needs: &'static [Need],
    source: &'static str,
) -> Path {
    Path { name, gain: Gain::Principal, gives, needs, source }
}

const fn pass(to: &'static str) -> Need {
    Need { any: &["iam:PassRole"], on: On::Role, to: Some(to) }
}

const fn act(any: &'static [&'static str]) -> Need {
    Need { any, on: On::Other, to: None }
}

pub(super) const PATHS: &[Path] = &[
    path(
        "escalation-pass-role-lambda-invoke",
        "can use what roles may do, by running a Lambda function as them",
        &[
            pass("lambda.amazonaws.com"),
            act(&["lambda:CreateFunction"]),
            act(&["lambda:InvokeFunction"]),
        ],
        "pathfinding.cloud/paths/lambda-001",
    ),
    path(
        "escalation-pass-role-lambda-event-source",
        "can use what roles may do, by having an event run a Lambda function as them",
        &[
            pass("lambda.amazonaws.com"),
            act(&["lambda:CreateFunction"]),
            act(&["lambda:CreateEventSourceMapping"]),
        ],
        "pathfinding.cloud/paths/lambda-002",
    ),
    path(
        "escalation-pass-role-lambda-add-permission",
        "can use what roles may do, by letting somebody run a Lambda function as them",
        &[
            pass("lambda.amazonaws.com"),
            act(&["lambda:CreateFunction"]),
            act(&["lambda:AddPermission"]),
        ],
        "pathfinding.cloud/paths/lambda-006",
    ),
    path(
        "escalation-pass-role-ec2-run-instances",
        "can use what roles may do, by starting an EC2 instance as them",
        &[pass("ec2.amazonaws.com"), act(&["ec2:RunInstances"])],
        "pathfinding.cloud/paths/ec2-001",
    ),
    path(
        "escalation-pass-role-ec2-spot-instances",
        "can use what roles may do, by requesting an EC2 spot instance as them",
        &[pass("ec2.amazonaws.com"), act(&["ec2:RequestSpotInstances"])],
        "pathfinding.cloud/paths/ec2-003",
    ),
    path(
        "escalation-pass-role-ec2-instance-profile",
        "can use what roles may do, by giving them to an EC2 instance that runs",
        &[
            pass("ec2.amazonaws.com"),
            act(&["ec2:AssociateIamInstanceProfile", "ec2:ReplaceIamInstanceProfileAssociation"]),
        ],
        "github.com/nccgroup/PMapper",
    ),
    path(
        "escalation-pass-role-ecs-run-task",
        "can use what roles may do, by running an ECS task as them",
        &[
            pass("ecs-tasks.amazonaws.com"),
            act(&["ecs:RegisterTaskDefinition"]),
            act(&["ecs:RunTask"]),
        ],
        "pathfinding.cloud/paths/ecs-004",
    ),
    path(
        "escalation-pass-role-ecs-start-task",
        "can use what roles may do, by starting an ECS task as them",
        &[
            pass("ecs-tasks.amazonaws.com"),
            act(&["ecs:RegisterTaskDefinition"]),
            act(&["ecs:StartTask"]),
        ],
        "pathfinding.cloud/paths/ecs-005",
    ),
    path(
        "escalation-pass-role-ecs-create-service",
        "can use what roles may do, by running an ECS service as them",
        &[
            pass("ecs-tasks.amazonaws.com"),
            act(&["ecs:RegisterTaskDefinition"]),
            act(&["ecs:CreateService"]),
        ],
        "pathfinding.cloud/paths/ecs-003",
    ),
    path(
        "escalation-pass-role-glue-dev-endpoint",
        "can use what roles may do, by opening a Glue development endpoint as them",
        &[pass("glue.amazonaws.com"), act(&["glue:CreateDevEndpoint"])],
        "pathfinding.cloud/paths/glue-001",
    ),
    path(
        "escalation-pass-role-glue-create-job",
        "can use what roles may do, by running a new Glue job as them",
        &[pass("glue.amazonaws.com"), act(&["glue:CreateJob"]), act(&["glue:StartJobRun"])],
        "pathfinding.cloud/paths/glue-003",
    ),
    path(
        "escalation-pass-role-glue-create-job-trigger",
        "can use what roles may do, by having a trigger run a new Glue job as them",
        &[pass("glue.amazonaws.com"), act(&["glue:CreateJob"]), act(&["glue:CreateTrigger"])],
        "pathfinding.cloud/paths/glue-004",
    ),
    path(
        "escalation-pass-role-glue-update-job",
        "can use what roles may do, by running a changed Glue job as them",
        &[pass("glue.amazonaws.com"), act(&["glue:UpdateJob"]), act(&["glue:StartJobRun"])],
        "pathfinding.cloud/paths/glue-005",
    ),
    path(
        "escalation-pass-role-glue-update-job-trigger",
        "can use what roles may do, by having a trigger run a changed Glue job as them",
        &[pass("glue.amazonaws.com"), act(&["glue:UpdateJob"]), act(&["glue:CreateTrigger"])],
        "pathfinding.cloud/paths/glue-006",
    ),
    path(
        "escalation-pass-role-cloudformation-create-stack",
        "can use what roles may do, by having a new CloudFormation stack made as them",
        &[pass("cloudformation.amazonaws.com"), act(&["cloudformation:CreateStack"])],
        "pathfinding.cloud/paths/cloudformation-001",
    ),
    path(
        "escalation-pass-role-cloudformation-stack-set",
        "can use what roles may do, by having a CloudFormation stack set made as them",
        &[
            pass("cloudformation.amazonaws.com"),
            act(&["cloudformation:CreateStackSet"]),
            act(&["cloudformation:CreateStackInstances"]),
        ],
        "pathfinding.cloud/paths/cloudformation-003",
    ),
    path(
        "escalation-pass-role-cloudformation-update-stack-set",
        "can use what roles may do, by having a CloudFormation stack set changed as them",
        &[pass("cloudformation.amazonaws.com"), act(&["cloudformation:UpdateStackSet"])],
        "pathfinding.cloud/paths/cloudformation-004",
    ),
    path(
        "escalation-pass-role-data-pipeline",
        "can use what roles may do, by running a Data Pipeline as them",
        &[
            pass("datapipeline.amazonaws.com"),
            act(&["datapipeline:CreatePipeline"]),
            act(&["datapipeline:PutPipelineDefinition"]),
            act(&["datapipeline:ActivatePipeline"]),
        ],
        "pathfinding.cloud/paths/datapipeline-001",
    ),
    path(
        "escalation-pass-role-codebuild",
        "can use what roles may do, by building a new CodeBuild project as them",
        &[
            pass("codebuild.amazonaws.com"),
            act(&["codebuild:CreateProject"]),
            act(&["codebuild:StartBuild"]),
        ],
        "pathfinding.cloud/paths/codebuild-001",
    ),
    path(
        "escalation-pass-role-codebuild-batch",
        "can use what roles may do, by building a new CodeBuild project in a batch as them",
        &[
            pass("codebuild.amazonaws.com"),
            act(&["codebuild:CreateProject"]),
            act(&["codebuild:StartBuildBatch"]),
        ],
        "pathfinding.cloud/paths/codebuild-004",
    ),
    path(
        "escalation-pass-role-codestar",
        "can use what roles may do, by creating a CodeStar project as them",
        &[pass("codestar.amazonaws.com"), act(&["codestar:CreateProject"])],
        "rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation",
    ),
    path(
        "escalation-pass-role-sagemaker-notebook",
        "can use what roles may do, by opening a SageMaker notebook as them",
        &[pass("sagemaker.amazonaws.com"), act(&["sagemaker:CreateNotebookInstance"])],
        "pathfinding.cloud/paths/sagemaker-001",
    ),
    path(
        "escalation-pass-role-sagemaker-training",
        "can use what roles may do, by running a SageMaker training job as them",
        &[pass("sagemaker.amazonaws.com"), act(&["sagemaker:CreateTrainingJob"])],
        "pathfinding.cloud/paths/sagemaker-002",
    ),
    path(
        "escalation-pass-role-sagemaker-processing",
        "can use what roles may do, by running a SageMaker processing job as them",
        &[pass("sagemaker.amazonaws.com"), act(&["sagemaker:CreateProcessingJob"])],
        "pathfinding.cloud/paths/sagemaker-003",
    ),
    path(
        "escalation-pass-role-apprunner",
        "can use what roles may do, by running an App Runner service as them",
        &[pass("tasks.apprunner.amazonaws.com"), act(&["apprunner:CreateService"])],
        "pathfinding.cloud/paths/apprunner-001",
    ),
    path(
        "escalation-pass-role-bedrock-code-interpreter",
        "can use what roles may do, by running code in a Bedrock AgentCore interpreter as them",
        &[
            pass("bedrock-agentcore.amazonaws.com"),
            act(&["bedrock-agentcore:CreateCodeInterpreter"]),
            act(&["bedrock-agentcore:StartCodeInterpreterSession"]),
            act(&["bedrock-agentcore:InvokeCodeInterpreter"]),
        ],
        "pathfinding.cloud/paths/bedrock-001",
    ),
    path(
        "escalation-pass-role-step-functions",
        "can use what roles may do, by running a Step Functions state machine as them",
        &[
            pass("states.amazonaws.com"),
            act(&["states:CreateStateMachine"]),
            act(&["states:StartExecution"]),
        ],
        "cloud.hacktricks.wiki, AWS privilege escalation",
    ),
    path(
        "escalation-pass-role-batch",
        "can use what roles may do, by running a Batch job as them",
        &[
            pass("ecs-tasks.amazonaws.com"),
            act(&["batch:RegisterJobDefinition"]),
            act(&["batch:SubmitJob"]),
        ],
        "cloud.hacktricks.wiki, AWS privilege escalation",
    ),
    path(
        "escalation-pass-role-scheduler",
        "can use what roles may do, by having EventBridge Scheduler make any call as them",
        &[pass("scheduler.amazonaws.com"), act(&["scheduler:CreateSchedule"])],
        "cloud.hacktricks.wiki, AWS privilege escalation",
    ),
];
