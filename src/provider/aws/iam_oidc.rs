//! The calls on OIDC providers.

use aws_sdk_iam::Client;

use super::convert::{convert_tags, iam_tags};
use super::failure::FailureCause;
use crate::call::Reply;
use crate::call::iam::OidcProvider;
use crate::value::Tags;

pub(super) async fn get_provider(iam: &Client, arn: &str) -> Result<OidcProvider, FailureCause> {
    let found = iam.get_open_id_connect_provider().open_id_connect_provider_arn(arn).send().await?;
    let url = found.url.ok_or_else(|| FailureCause::unreadable("the answer has no Url"))?;
    Ok(OidcProvider {
        arn: arn.to_owned(),
        url: url.strip_prefix("https://").unwrap_or(&url).to_owned(),
        client_ids: found.client_id_list.unwrap_or_default(),
        thumbprints: found.thumbprint_list.unwrap_or_default(),
        tags: convert_tags(found.tags),
    })
}

/// Returns the ARNs of all OIDC providers.
pub(super) async fn list_providers(iam: &Client) -> Result<Vec<String>, FailureCause> {
    let found = iam.list_open_id_connect_providers().send().await?;
    let listed = found.open_id_connect_provider_list.unwrap_or_default();
    Ok(listed.into_iter().filter_map(|entry| entry.arn).collect())
}

pub(super) async fn create(
    iam: &Client,
    provider: &str,
    client_ids: &[String],
    thumbprints: &[String],
    tags: &Tags,
) -> Result<Reply, FailureCause> {
    let call = iam
        .create_open_id_connect_provider()
        .url(format!("https://{provider}"))
        .set_client_id_list(Some(client_ids.to_vec()))
        .set_tags(Some(iam_tags(tags)?));
    // Without thumbprints, IAM fetches the one of the issuer's certificate itself.
    let thumbprints = (!thumbprints.is_empty()).then(|| thumbprints.to_vec());
    call.set_thumbprint_list(thumbprints).send().await?;
    Ok(Reply::Done)
}
