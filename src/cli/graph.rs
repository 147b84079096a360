//! `relayctl graph`

use std::process::ExitCode;

use clap::ValueEnum;

use super::CommandContext;
use super::error::Exit;
use super::options::ManifestArg;
use super::session;
use relayctl::render::graph;

/// Print what depends on what in a manifest, as a picture
///
/// Works without a network. An arrow goes from a resource to what it needs.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct GraphArgs {
    #[command(flatten)]
    manifest: ManifestArg,

    /// The language of the picture
    #[arg(long, value_enum, default_value_t = Format::Dot)]
    format: Format,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Graphviz
    Dot,
    /// For Markdown on GitHub and GitLab
    Mermaid,
    Svg,
}

const EXAMPLES: &str = "\
Examples:
  relayctl graph manifests/dev.yaml --format svg > dev.svg
  relayctl graph manifests/dev.yaml | dot -Tpng > dev.png";

pub fn run_command(args: &GraphArgs, context: &CommandContext) -> Exit {
    let declared = session::load_manifest(&args.manifest.manifest, context)?;
    let desired = &declared.desired;
    context.terminal.result(&match args.format {
        Format::Dot => graph::render_dot(desired),
        Format::Mermaid => graph::mermaid(desired),
        Format::Svg => graph::render_svg(desired),
    })?;
    Ok(ExitCode::SUCCESS)
}
