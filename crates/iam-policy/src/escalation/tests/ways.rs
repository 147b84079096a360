//! One test for each path of the published lists: these permissions open it, and without any one of
//! them it is closed.

use super::*;

fn open(name: &str, actions: &[&str]) {
    let path = all().find(|path| path.name == name).unwrap();
    assert_eq!(given(path, actions), [name], "{actions:?}");
    for missing in actions {
        let left: Vec<&str> = actions.iter().copied().filter(|action| action != missing).collect();
        assert!(!given(path, &left).contains(&name), "without {missing}");
        let deny = json!({"Effect": "Deny", "Action": missing, "Resource": "*"});
        assert!(
            !names(ROLE, &json!([allow(actions, "*"), deny])).contains(&name),
            "with {missing} denied"
        );
    }
}

macro_rules! ways {
    ($($test:ident: $($action:literal),+;)+) => {
        $(
            #[test]
            fn $test() {
                open(&concat!("escalation_", stringify!($test)).replace('_', "-"), &[$($action),+]);
            }
        )+

        #[test]
        fn each_way_has_a_test() {
            let tested: BTreeSet<String> =
                [$(concat!("escalation_", stringify!($test)).replace('_', "-")),+].into();
            let all: BTreeSet<String> = all().map(|path| path.name.to_owned()).collect();
            assert_eq!(tested, all);
        }
    };
}

ways! {
    create_policy_version: "iam:CreatePolicyVersion";
    set_default_policy_version: "iam:SetDefaultPolicyVersion";
    attach_user_policy: "iam:AttachUserPolicy";
    put_user_policy: "iam:PutUserPolicy";
    attach_group_policy: "iam:AttachGroupPolicy";
    put_group_policy: "iam:PutGroupPolicy";
    add_user_to_group: "iam:AddUserToGroup";
    attach_role_policy: "iam:AttachRolePolicy";
    put_role_policy: "iam:PutRolePolicy";
    delete_user_permissions_boundary: "iam:DeleteUserPermissionsBoundary";
    put_user_permissions_boundary: "iam:PutUserPermissionsBoundary";
    delete_role_permissions_boundary: "iam:DeleteRolePermissionsBoundary";
    put_role_permissions_boundary: "iam:PutRolePermissionsBoundary";
    create_access_key: "iam:CreateAccessKey";
    create_login_profile: "iam:CreateLoginProfile";
    update_login_profile: "iam:UpdateLoginProfile";
    update_assume_role_policy: "iam:UpdateAssumeRolePolicy";
    create_role: "iam:CreateRole", "iam:PutRolePolicy";
    change_role_assume: "iam:PutRolePolicy", "sts:AssumeRole";
    change_role_lambda: "iam:PutRolePolicy", "iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction";
    assume_any_role: "sts:AssumeRole";
    pass_role_lambda_invoke: "iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction";
    pass_role_lambda_event_source: "iam:PassRole", "lambda:CreateFunction", "lambda:CreateEventSourceMapping";
    pass_role_lambda_add_permission: "iam:PassRole", "lambda:CreateFunction", "lambda:AddPermission";
    pass_role_ec2_run_instances: "iam:PassRole", "ec2:RunInstances";
    pass_role_ec2_spot_instances: "iam:PassRole", "ec2:RequestSpotInstances";
    pass_role_ec2_instance_profile: "iam:PassRole", "ec2:AssociateIamInstanceProfile";
    pass_role_ecs_run_task: "iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:RunTask";
    pass_role_ecs_start_task: "iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:StartTask";
    pass_role_ecs_create_service: "iam:PassRole", "ecs:RegisterTaskDefinition", "ecs:CreateService";
    pass_role_glue_dev_endpoint: "iam:PassRole", "glue:CreateDevEndpoint";
    pass_role_glue_create_job: "iam:PassRole", "glue:CreateJob", "glue:StartJobRun";
    pass_role_glue_create_job_trigger: "iam:PassRole", "glue:CreateJob", "glue:CreateTrigger";
    pass_role_glue_update_job: "iam:PassRole", "glue:UpdateJob", "glue:StartJobRun";
    pass_role_glue_update_job_trigger: "iam:PassRole", "glue:UpdateJob", "glue:CreateTrigger";
    pass_role_cloudformation_create_stack: "iam:PassRole", "cloudformation:CreateStack";
    pass_role_cloudformation_stack_set:
        "iam:PassRole", "cloudformation:CreateStackSet", "cloudformation:CreateStackInstances";
    pass_role_cloudformation_update_stack_set: "iam:PassRole", "cloudformation:UpdateStackSet";
    pass_role_data_pipeline:
        "iam:PassRole", "datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition",
        "datapipeline:ActivatePipeline";
    pass_role_codebuild: "iam:PassRole", "codebuild:CreateProject", "codebuild:StartBuild";
    pass_role_codebuild_batch: "iam:PassRole", "codebuild:CreateProject", "codebuild:StartBuildBatch";
    pass_role_codestar: "iam:PassRole", "codestar:CreateProject";
    pass_role_sagemaker_notebook: "iam:PassRole", "sagemaker:CreateNotebookInstance";
    pass_role_sagemaker_training: "iam:PassRole", "sagemaker:CreateTrainingJob";
    pass_role_sagemaker_processing: "iam:PassRole", "sagemaker:CreateProcessingJob";
    pass_role_apprunner: "iam:PassRole", "apprunner:CreateService";
    pass_role_bedrock_code_interpreter:
        "iam:PassRole", "bedrock-agentcore:CreateCodeInterpreter", "bedrock-agentcore:StartCodeInterpreterSession",
        "bedrock-agentcore:InvokeCodeInterpreter";
    pass_role_step_functions: "iam:PassRole", "states:CreateStateMachine", "states:StartExecution";
    pass_role_batch: "iam:PassRole", "batch:RegisterJobDefinition", "batch:SubmitJob";
    pass_role_scheduler: "iam:PassRole", "scheduler:CreateSchedule";
    lambda_update_code: "lambda:UpdateFunctionCode";
    lambda_update_configuration: "lambda:UpdateFunctionConfiguration";
    glue_update_dev_endpoint: "glue:UpdateDevEndpoint";
    sagemaker_notebook_url: "sagemaker:CreatePresignedNotebookInstanceUrl";
    sagemaker_lifecycle:
        "sagemaker:CreateNotebookInstanceLifecycleConfig", "sagemaker:StopNotebookInstance",
        "sagemaker:UpdateNotebookInstance", "sagemaker:StartNotebookInstance";
    cloudformation_update_stack: "cloudformation:UpdateStack";
    cloudformation_change_set: "cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet";
    codebuild_start_build: "codebuild:StartBuild";
    codebuild_start_build_batch: "codebuild:StartBuildBatch";
    codestar_from_template: "codestar:CreateProjectFromTemplate";
    codestar_team_member: "codestar:CreateProject", "codestar:AssociateTeamMember";
    ec2_user_data: "ec2:ModifyInstanceAttribute", "ec2:StopInstances", "ec2:StartInstances";
    ec2_launch_template: "ec2:CreateLaunchTemplateVersion", "ec2:ModifyLaunchTemplate";
    ec2_instance_connect: "ec2-instance-connect:SendSSHPublicKey";
    ssm_start_session: "ssm:StartSession";
    ssm_send_command: "ssm:SendCommand";
    ecs_execute_command: "ecs:ExecuteCommand";
    apprunner_update_service: "apprunner:UpdateService";
    bedrock_code_interpreter:
        "bedrock-agentcore:StartCodeInterpreterSession", "bedrock-agentcore:InvokeCodeInterpreter";
    pass_role_ecs_run_task_override: "iam:PassRole", "ecs:RunTask";
    pass_role_ecs_start_task_override: "iam:PassRole", "ecs:StartTask";
    pass_role_braket: "iam:PassRole", "braket:CreateJob";
    pass_role_cognito_identity_pool: "iam:PassRole", "cognito-identity:SetIdentityPoolRoles";
    pass_role_emr: "iam:PassRole", "elasticmapreduce:RunJobFlow";
    pass_role_emr_serverless:
        "iam:PassRole", "emr-serverless:CreateApplication", "emr-serverless:StartJobRun";
    pass_role_gamelift:
        "iam:PassRole", "gamelift:CreateBuild", "gamelift:RequestUploadCredentials",
        "gamelift:CreateFleet";
    pass_role_glue_session: "iam:PassRole", "glue:CreateSession", "glue:RunStatement";
    pass_role_image_builder:
        "iam:PassRole", "imagebuilder:CreateComponent", "imagebuilder:CreateImageRecipe",
        "imagebuilder:CreateInfrastructureConfiguration", "imagebuilder:CreateImage";
    pass_role_kinesis_analytics:
        "iam:PassRole", "kinesisanalytics:CreateApplication", "kinesisanalytics:StartApplication";
    pass_role_omics: "iam:PassRole", "omics:CreateWorkflow", "omics:StartRun";
    pass_role_ssm_automation: "iam:PassRole", "ssm:CreateDocument", "ssm:StartAutomationExecution";
    pass_role_bedrock_agent_runtime:
        "iam:PassRole", "bedrock-agentcore:CreateAgentRuntime",
        "bedrock-agentcore:CreateAgentRuntimeEndpoint", "bedrock-agentcore:CreateWorkloadIdentity",
        "bedrock-agentcore:InvokeAgentRuntimeCommand";
    pass_role_bedrock_browser:
        "iam:PassRole", "bedrock-agentcore:CreateBrowser", "bedrock-agentcore:StartBrowserSession",
        "bedrock-agentcore:ConnectBrowserAutomationStream";
    pass_role_auto_scaling:
        "iam:PassRole", "autoscaling:CreateLaunchConfiguration",
        "autoscaling:CreateAutoScalingGroup";
    pass_role_amplify: "iam:PassRole", "amplify:CreateApp", "amplify:CreateBranch", "amplify:StartJob";
    pass_role_step_functions_test: "iam:PassRole", "states:TestState";
    pass_role_step_functions_update: "iam:PassRole", "states:UpdateStateMachine";
    pass_role_instance_profile: "iam:PassRole", "iam:AddRoleToInstanceProfile";
    pass_role_cloudformation_update_stack: "iam:PassRole", "cloudformation:UpdateStack";
    pass_role_cloudformation_change_set:
        "iam:PassRole", "cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet";
    pass_role_codebuild_update: "iam:PassRole", "codebuild:UpdateProject", "codebuild:StartBuild";
    pass_role_code_pipeline:
        "iam:PassRole", "codepipeline:CreatePipeline", "codebuild:CreateProject",
        "codepipeline:StartPipelineExecution";
    pass_role_sagemaker_tuning: "iam:PassRole", "sagemaker:CreateHyperParameterTuningJob";
    pass_role_sagemaker_user_profile:
        "iam:PassRole", "sagemaker:UpdateUserProfile", "sagemaker:CreateApp",
        "sagemaker:CreatePresignedDomainUrl";
    pass_role_sagemaker_domain:
        "iam:PassRole", "sagemaker:UpdateDomain", "sagemaker:CreateUserProfile",
        "sagemaker:CreateApp", "sagemaker:CreatePresignedDomainUrl";
    pass_role_elastic_beanstalk:
        "iam:PassRole", "elasticbeanstalk:CreateApplication",
        "elasticbeanstalk:CreateApplicationVersion", "elasticbeanstalk:CreateEnvironment";
    pass_role_emr_notebook:
        "iam:PassRole", "elasticmapreduce:CreateEditor", "elasticmapreduce:OpenEditorInConsole";
    pass_role_lambda_edge:
        "iam:PassRole", "lambda:CreateFunction", "lambda:PublishVersion", "lambda:GetFunction",
        "lambda:EnableReplication", "cloudfront:UpdateDistribution";
    pass_role_rds: "iam:PassRole", "rds:AddRoleToDBCluster";
    batch_submit_job: "batch:SubmitJob";
    codedeploy:
        "codedeploy:CreateDeployment", "codedeploy:RegisterApplicationRevision",
        "codedeploy:GetDeploymentConfig";
    step_functions_update: "states:UpdateStateMachine";
    bedrock_agent_runtime_command: "bedrock-agentcore:InvokeAgentRuntimeCommand";
    bedrock_browser:
        "bedrock-agentcore:StartBrowserSession",
        "bedrock-agentcore:ConnectBrowserAutomationStream";
    glue_update_job: "glue:UpdateJob";
    cloudformation_update_stack_set: "cloudformation:UpdateStackSet";
    code_pipeline_update:
        "codebuild:UpdateProject", "codepipeline:UpdatePipeline",
        "codepipeline:StartPipelineExecution";
    cognito_update_identity_pool: "cognito-identity:UpdateIdentityPool";
    ec2_serial_console: "ec2-instance-connect:SendSerialConsoleSSHPublicKey";
    ecs_task_on_host: "ecs:RegisterTaskDefinition", "ecs:RunTask";
    elastic_beanstalk_update:
        "elasticbeanstalk:CreateApplicationVersion", "elasticbeanstalk:UpdateEnvironment";
    elastic_beanstalk_rebuild: "elasticbeanstalk:RebuildEnvironment", "s3:PutObject";
    emr_notebook: "elasticmapreduce:OpenEditorInConsole";
    sagemaker_studio_url: "sagemaker:CreatePresignedDomainUrl";
    ssm_create_association: "ssm:CreateAssociation";
    ssm_update_document: "ssm:UpdateDocument", "ssm:UpdateDocumentDefaultVersion";
    ssm_maintenance_window:
        "ssm:RegisterTargetWithMaintenanceWindow", "ssm:RegisterTaskWithMaintenanceWindow";
    service_specific_credential: "iam:CreateServiceSpecificCredential";
    upload_ssh_public_key: "iam:UploadSSHPublicKey";
    update_saml_provider: "iam:UpdateSAMLProvider";
    sso_user_password: "sso-directory:UpdatePassword";
    sso_attach_policy: "sso:AttachManagedPolicyToPermissionSet";
    sso_put_inline_policy: "sso:PutInlinePolicyToPermissionSet";
    sso_account_assignment: "sso:CreateAccountAssignment";
    sso_group_membership: "identitystore:CreateGroupMembership";
    sso_delete_permissions_boundary: "sso:DeletePermissionsBoundaryFromPermissionSet";
    detach_user_policy: "iam:DetachUserPolicy";
    delete_user_policy: "iam:DeleteUserPolicy";
}
