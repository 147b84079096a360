//! Dependency graphs as DOT, Mermaid and SVG.

use insta::assert_snapshot;
use relayctl::model::{Desired, Resource};
use relayctl::render::graph;

use super::fixtures::at;

fn desired() -> Desired {
    let needs = |addresses: &[&str]| Resource {
        depends_on: addresses.iter().map(|address| at(address)).collect(),
        ..Resource::default()
    };
    let resources = [
        ("policy.Deploy", needs(&[])),
        ("user.\"x\" <&>", needs(&[])),
        ("user.serverless", needs(&[])),
        ("user_policy_attachment.serverless/Deploy", needs(&["user.serverless", "policy.Deploy"])),
        (
            "access_key.serverless",
            needs(&["user.serverless", "user_policy_attachment.serverless/Deploy"]),
        ),
        ("aws_profile.serverless", needs(&["access_key.serverless"])),
    ];
    let resources =
        resources.into_iter().map(|(address, resource)| (at(address), resource)).collect();
    Desired { name: "dev".to_owned(), resources, ..Desired::default() }
}

#[test]
fn graph_as_dot() {
    assert_snapshot!(graph::render_dot(&desired()));
}

#[test]
fn graph_as_mermaid() {
    assert_snapshot!(graph::mermaid(&desired()));
}

#[test]
fn graph_as_svg() {
    let svg = graph::render_svg(&desired());
    assert_eq!(svg.matches("<text ").count(), 6);
    assert_eq!(svg.matches("marker-").count(), 5);
    assert!(svg.contains("user.&quot;x&quot; &lt;&amp;&gt;"));
    assert!(
        (0..10).all(|_| graph::render_svg(&desired()) == svg),
        "the same graph gives the same picture"
    );
    assert!(graph::render_svg(&Desired::default()).ends_with("</svg>\n"));
}
