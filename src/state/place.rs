//! The place of a state in S3.

/// An object in a bucket; its lock, its journal and its last good copy are beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Place {
    pub bucket: String,
    pub key: String,
}

impl S3Place {
    /// Parses `s3://bucket/prefix`, in which the state is `file`, or `s3://bucket/path/to.json`.
    /// Returns `None` for other URLs.
    pub fn parse(url: &str, file: &str) -> Option<Self> {
        let (bucket, path) = match url.strip_prefix("s3://")?.split_once('/') {
            Some((bucket, path)) => (bucket, path.trim_matches('/')),
            None => (url.strip_prefix("s3://")?, ""),
        };
        let is_file = path.rsplit('.').next().is_some_and(|end| end.eq_ignore_ascii_case("json"))
            && path.contains('.');
        let key = match path {
            "" => file.to_owned(),
            path if is_file => path.to_owned(),
            path => format!("{path}/{file}"),
        };
        (!bucket.is_empty()).then(|| Self { bucket: bucket.to_owned(), key })
    }

    pub fn to_url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_prefix_or_an_object() {
        let url = |url: &str| S3Place::parse(url, "dev.json").map(|place| place.to_url());
        assert_eq!(url("s3://states").as_deref(), Some("s3://states/dev.json"));
        assert_eq!(url("s3://states/").as_deref(), Some("s3://states/dev.json"));
        assert_eq!(
            url("s3://states/team/relay/").as_deref(),
            Some("s3://states/team/relay/dev.json")
        );
        assert_eq!(
            url("s3://states/team/other.json").as_deref(),
            Some("s3://states/team/other.json")
        );
        assert_eq!(url("s3://states/json").as_deref(), Some("s3://states/json/dev.json"));
        assert_eq!(url("s3:///x"), None);
        assert_eq!(url("state/dev.json"), None);
    }
}
