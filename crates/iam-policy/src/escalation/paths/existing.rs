//! Escalation paths that use the role of an existing resource.

use super::{Gain, Need, On, Path};

pub(super) const PATHS: &[Path] = &[
    Path {
        name: "escalation-lambda-update-code",
        gain: Gain::Existing,
        gives: "can use what the roles of existing Lambda functions may do, by changing their code",
        needs: &[Need { any: &["lambda:UpdateFunctionCode"], on: On::Other, to: None }],
        source: "pathfinding.cloud/paths/lambda-003",
    },
    Path {
        name: "escalation-lambda-update-configuration",
        gain: Gain::Existing,
        gives: "can use what the roles of existing Lambda functions may do, by adding a layer \
            with its own code",
        needs: &[Need { any: &["lambda:UpdateFunctionConfiguration"], on: On::Other, to: None }],
        source: "rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation",
    },
    Path {
        name: "escalation-glue-update-dev-endpoint",
        gain: Gain::Existing,
        gives: "can use what the roles of existing Glue development endpoints may do, by adding \
            its own SSH key",
        needs: &[Need { any: &["glue:UpdateDevEndpoint"], on: On::Other, to: None }],
        source: "pathfinding.cloud/paths/glue-002",
    },
    Path {
        name: "escalation-sagemaker-notebook-url",
        gain: Gain::Existing,
        gives: "can use what the roles of existing SageMaker notebooks may do, by opening them",
        needs: &[Need {
            any: &["sagemaker:CreatePresignedNotebookInstanceUrl"],
            on: On::Other,
            to: None,
        }],
        source: "pathfinding.cloud/paths/sagemaker-004",
    },
    Path {
        name: "escalation-sagemaker-lifecycle",
        gain: Gain::Existing,
        gives: "can use what the roles of existing SageMaker notebooks may do, by having them run \
            its own code as they start",
        needs: &[
            Need {
                any: &["sagemaker:CreateNotebookInstanceLifecycleConfig"],
                on: On::Other,
                to: None,
            },
            Need { any: &["sagemaker:StopNotebookInstance"], on: On::Other, to: None },
            Need { any: &["sagemaker:UpdateNotebookInstance"], on: On::Other, to: None },
            Need { any: &["sagemaker:StartNotebookInstance"], on: On::Other, to: None },
        ],
        source: "pathfinding.cloud/paths/sagemaker-005",
    },
    Path {
        name: "escalation-cloudformation-update-stack",
        gain: Gain::Existing,
        gives: "can use what the roles of existing CloudFormation stacks may do, by changing \
            their templates",
        needs: &[Need { any: &["cloudformation:UpdateStack"], on: On::Other, to: None }],
        source: "pathfinding.cloud/paths/cloudformation-002",
    },
    Path {
        name: "escalation-cloudformation-change-set",
        gain: Gain::Existing,
        gives: "can use what the roles of existing CloudFormation stacks may do, by change sets",
        needs: &[
            Need { any: &["cloudformation:CreateChangeSet"], on: On::Other, to: None },
            Need { any: &["cloudformation:ExecuteChangeSet"], on: On::Other, to: None },
        ],
        source: "pathfinding.cloud/paths/cloudformation-005",
    },
    Path {
        name: "escalation-codebuild-start-build",
        gain: Gain::Existing,
        gives: "can use what the roles of existing CodeBuild projects may do, by building with \
            its own buildspec",
        needs: &[Need { any: &["codebuild:StartBuild"], on: On::Other, to: None }],
        source: "pathfinding.cloud/paths/codebuild-002",
    },
    Path {
        name: "escalation-codebuild-start-build-batch",
        gain: Gain::Existing,
        gives: "can use what the roles of existing CodeBuild projects may do, by building a batch \
            with its own buildspec",
        needs: &[Need { any: &["codebuild:StartBuildBatch"], on: On::Other, to: None }],
        source: "pathfinding.cloud/paths/codebuild-003",
    },
    Path {
        name: "escalation-codestar-from-template",
        gain: Gain::Existing,
        gives: "can use what CodeStar's own role may do, by creating a project from a template",
        needs: &[Need { any: &["codestar:CreateProjectFromTemplate"], on: On::Other, to: None }],
        source: "rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation",
    },
    Path {
        name: "escalation-codestar-team-member",
        gain: Gain::Existing,
        gives: "can use what the owner of a CodeStar project may do, by making itself one",
        needs: &[
            Need { any: &["codestar:CreateProject"], on: On::Other, to: None },
            Need { any: &["codestar:AssociateTeamMember"], on: On::Other, to: None },
        ],
        source: "rhinosecuritylabs.com/aws/aws-privilege-escalation-methods-mitigation",
    },
    Path {
        name: "escalation-ec2-user-data",
        gain: Gain::Existing,
        gives: "can use what the roles of existing EC2 instances may do, by changing what they \
            run as they start",
        needs: &[
            Need { any: &["ec2:ModifyInstanceAttribute"], on: On::Other, to: None },
            Need { any: &["ec2:StopInstances"], on: On::Other, to: None },
            Need { any: &["ec2:StartInstances"], on: On::Other, to: None },
        ],
        source: "pathfinding.cloud/paths/ec2-002",
    },
    Path {
        name: "escalation-ec2-launch-template",
        gain: Gain::Existing,
        gives: "can use what the roles of existing EC2 launch templates may do, by changing what \
            new instances run",
        needs: &[
            Need { any: &["ec2:CreateLaunchTemplateVersion"], on: On::Other, to: None },
            Need { any: &["ec2:ModifyLaunchTemplate"], on: On::Other, to: None },
        ],
        source: "pathfinding.cloud/paths/ec2-004",
    },
    Path {
        name: "escalation-ec2-instance-connect",
        gain: Gain::Existing,
        gives: "can use what the roles of existing EC2 instances may do, by logging in to them",
        needs: &[Need { any: &["ec2-instance-connect:SendSSHPublicKey"], on: On::Other, to: None }],
        source: "pathfinding.cloud/paths/ec2instanceconnect-003",
    },
    Path {
        name: "escalation-ssm-start-session",
        gain: Gain::Existing,
        gives: "can use what the roles of existing EC2 instances may do, by opening a session on \
            them",
        needs: &[Need { any: &["ssm:StartSession"], on: On::Other, to: None }],
        source: "pathfinding.cloud/paths/ssm-001",
    },
    Path {
        name: "escalation-ssm-send-command",
        gain: Gain::Existing,
        gives: "can use what the roles of existing EC2 instances may do, by running commands on \
            them",
        needs: &[Need { any: &["ssm:SendCommand"], on: On::Other, to: None }],
        source: "pathfinding.cloud/paths/ssm-002",
    },
    Path {
        name: "escalation-ecs-execute-command",
        gain: Gain::Existing,
        gives: "can use what the roles of ECS tasks that run may do, by running commands in them",
        needs: &[Need { any: &["ecs:ExecuteCommand"], on: On::Other, to: None }],
        source: "pathfinding.cloud/paths/ecs-006",
    },
    Path {
        name: "escalation-apprunner-update-service",
        gain: Gain::Existing,
        gives: "can use what the roles of existing App Runner services may do, by changing their \
            code",
        needs: &[Need { any: &["apprunner:UpdateService"], on: On::Other, to: None }],
        source: "pathfinding.cloud/paths/apprunner-002",
    },
    Path {
        name: "escalation-bedrock-code-interpreter",
        gain: Gain::Existing,
        gives: "can use what the roles of existing Bedrock AgentCore interpreters may do, by \
            running code in them",
        needs: &[
            Need {
                any: &["bedrock-agentcore:StartCodeInterpreterSession"],
                on: On::Other,
                to: None,
            },
            Need { any: &["bedrock-agentcore:InvokeCodeInterpreter"], on: On::Other, to: None },
        ],
        source: "pathfinding.cloud/paths/bedrock-002",
    },
];
