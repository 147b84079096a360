//! The bench beside Terraform, as far as it can be had without Terraform: its workload, how it
//! reads the times of requests, and the table that it writes.

use std::process::{Command, Stdio};

use insta::assert_snapshot;

use crate::support::project::{Project, repository};

/// Returns what the Python snippet prints. It can import the bench's modules.
fn python(snippet: &str) -> String {
    let output = Command::new("python3")
        .args(["-B", "-c", snippet])
        .current_dir(repository().join("benches/side-by-side"))
        .stdin(Stdio::null())
        .output()
        .expect("python3 runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn workload(project: &Project, stacks: usize) {
    python(&format!("import workload; workload.write({stacks}, '{}')", project.path("").display()));
}

#[test]
fn the_workload_is_made_by_one_apply_and_removed_by_one_destroy() {
    let project = Project::empty().in_sandbox();
    workload(&project, 3);
    project.expect(0, &["apply", "relayctl.yaml", "--yes"]);
    project.expect(0, &["plan", "relayctl.yaml", "--detailed-exitcode"]);
    let destroyed = project.expect(0, &["destroy", "relayctl.yaml", "--yes"]);
    assert!(
        destroyed.stdout.contains("Destroy complete! Resources: 27 destroyed."),
        "{}",
        destroyed.stdout
    );
}

#[test]
fn both_tools_get_the_same_names_documents_and_settings() {
    let project = Project::empty();
    workload(&project, 2);
    let json = |file: &str| serde_json::from_str::<serde_json::Value>(&project.read(file)).unwrap();
    let (ours, theirs) = (json("relayctl.yaml"), json("main.tf.json"));
    let document = |text: &serde_json::Value| {
        serde_json::from_str::<serde_json::Value>(text.as_str().unwrap()).unwrap()
    };
    let (policies, roles, locals) = (&ours["policies"], &ours["roles"], &theirs["locals"]);
    for (kind, name, local) in
        [("policy", "Deployment", "deployment"), ("policy", "Execution", "execution")]
    {
        let ours = &policies[format!("ZappaLambda{name}Policy-2")];
        let theirs = &theirs["resource"][format!("aws_iam_{kind}")][local];
        assert_eq!(ours["document"], document(&locals[local]));
        assert_eq!(theirs["name"], format!("ZappaLambda{name}Policy-${{each.key}}"));
        assert_eq!(
            ours["description"],
            theirs["description"].as_str().unwrap().replace("${each.key}", "2")
        );
    }
    let (ours_of, theirs_of) = (
        &roles["tr-relay-2-ZappaLambdaExecutionRole"],
        &theirs["resource"]["aws_iam_role"]["relay"],
    );
    assert_eq!(ours_of["trust"], document(&locals["trust"]));
    assert_eq!(ours_of["max_session_duration"], theirs_of["max_session_duration"]);
    let tags = |kind: &str| {
        theirs["resource"][kind]["relay"]["tags"].to_string().replace("${each.key}", "2")
    };
    assert_eq!(ours["users"]["serverless-2"]["tags"].to_string(), tags("aws_iam_user"));
    assert_eq!(ours["buckets"]["zappa-tr-relay-2"]["tags"].to_string(), tags("aws_s3_bucket"));
}

#[test]
fn the_longest_chain_is_of_requests_that_begin_when_others_have_ended() {
    let chain =
        |requests: &str| python(&format!("import chain; print(chain.longest_chain({requests}))"));
    assert_snapshot!(
        chain("[(0, 1, 'who'), (0, 2, 'all'), (0.5, 1.5, 'other'), (2, 3, 'tags'), (2.5, 3.5, \
            'keys'), (3.25, 4, 'last')]"),
        @"{'requests': 3, 'seconds': 3.75, 'operations': ['all', 'tags', 'last']}"
    );
    assert_snapshot!(chain("[]"), @"{'requests': 0, 'seconds': 0.0, 'operations': []}");
}

/// One case measured, another not; relayctl's destroy ended with an error, and one phase was
/// disturbed.
const RECORDS: &str = "
import table
def phase(name, calls, wall, cpu, memory, operation):
    requests = {'total': calls, 'most_at_once': 3, 'by_operation': {'sts:GetCallerIdentity': 1, operation: calls - 1},
                'longest_chain': {'requests': 2, 'seconds': 0.11, 'operations': ['sts:GetCallerIdentity', operation]}}
    return {'name': name, 'wall_s': wall, 'cpu_s': cpu, 'anonymous_mib': memory, 'resident_mib': memory + 20, 'emulator_cpu_s': calls / 400,
            'other_cores': 0.5 if name == 'apply' else 0.0, 'requests': requests, 'wrong': []}
def record(tool, *figures):
    return {'tool': tool, 'version': f'{tool} 1.0', 'emulator': 'moto 5', 'date': '2026-01-02', 'stacks': 1,
            'latency_ms': 50, 'phases': [phase(name, *figures) for name in table.PHASES],
            'machine': {'cpu': 'Abacus', 'cores': 2, 'memory_gb': 4, 'kernel': 'Linux 6'}}
records = [record('terraform', 40, 10.0, 8.0, 300.0, 'iam:GetRole'), record('relayctl', 12, 0.2, 0.1, 4.0, 'iam:ListRoles')]
records[1]['phases'][-1]['wrong'] = ['exit code 1, not 0']
print(table.markdown(records, [(1, 50), (10, 50)]))
";

#[test]
fn the_table_says_what_is_reached_and_what_was_not_measured_or_not_as_expected() {
    assert_snapshot!(python(RECORDS));
}
