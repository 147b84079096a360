//! The places where code speaks of a resource's kind as a string, or decides on one in an
//! expression that the compiler does not hold against the list of kinds.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::Parser;
use syn::visit::{self, Visit};
use syn::{Attribute, BinOp, Expr, ExprBinary, ExprLet, ExprMethodCall, Lit, LitStr, Local, Macro};
use syn::{Pat, Path, Token};

use relayctl::address::KindName;

use super::source::{Crate, Source};

/// The enums whose variants are kinds.
const TYPES: &[&str] = &["KindName", "PrincipalKind"];

/// Code that is made of kinds: the kinds themselves, the shapes of a manifest, the decoder of
/// addresses.
const HOMES: &[&str] = &["src/kind/", "src/manifest/", "src/address/"];

/// Something else than a kind.
pub struct Exception {
    pub file: &'static str,
    /// The words that stand there, and how often.
    pub words: &'static [(&'static str, usize)],
    pub reason: &'static str,
}

/// Finds strings that are a kind's name, or that a kind's name is built of.
pub fn literals(crates: &[Crate], exceptions: &[Exception]) -> Vec<String> {
    let outside =
        relayctl(crates).filter(|source| !HOMES.iter().any(|home| source.path.starts_with(home)));
    outside.flat_map(|source| without(literals_in(source), source, exceptions)).collect()
}

/// Finds `==`, `!=`, `matches!`, `if let` and `let … else` that decide on a kind.
pub fn decisions(crates: &[Crate], exceptions: &[Exception]) -> Vec<String> {
    let outside = relayctl(crates).filter(|source| !source.path.starts_with("src/kind/"));
    outside.flat_map(|source| without(decisions_in(source), source, exceptions)).collect()
}

/// Code that knows nothing of relayctl cannot mean its kinds.
fn relayctl(crates: &[Crate]) -> impl Iterator<Item = &Source> {
    let sources = crates.iter().flat_map(|it| &it.sources);
    sources
        .filter(|source| source.path.starts_with("src/") && !source.path.starts_with("src/policy/"))
}

/// Takes the exceptions out of a file's findings. An exception that nothing needs is a finding,
/// too.
fn without(
    mut found: Vec<(usize, String)>,
    source: &Source,
    exceptions: &[Exception],
) -> Vec<String> {
    let own = exceptions.iter().filter(|exception| exception.file == source.path);
    let mut idle = Vec::new();
    for (word, count) in own.flat_map(|exception| exception.words) {
        for _ in 0..*count {
            match found.iter().position(|(_, other)| other == word) {
                Some(position) => drop(found.remove(position)),
                None => {
                    idle.push(format!("{}: nothing needs the exception for {word:?}", source.path));
                }
            }
        }
    }
    let found = found.into_iter().map(|(line, word)| format!("{}:{line}: {word:?}", source.path));
    found.chain(idle).collect()
}

fn literals_in(source: &Source) -> Vec<(usize, String)> {
    let mut found = Literals::default();
    source.items.iter().for_each(|item| found.visit_item(item));
    found.words
}

/// Recognises a kind's name, and a text that is made into one, as `{}_policy_attachment` is.
fn is_kind(text: &str) -> bool {
    let made = text.starts_with('{')
        && ["}_policy", "}_policy_attachment"].iter().any(|end| text.ends_with(end));
    text.parse::<KindName>().is_ok()
        || made
        || text == "_policy_attachment"
        || text == "policy_attachment"
}

#[derive(Default)]
struct Literals {
    /// With their lines.
    words: Vec<(usize, String)>,
}

impl Literals {
    fn add(&mut self, literal: &LitStr) {
        if is_kind(&literal.value()) {
            self.words.push((literal.span().start().line, literal.value()));
        }
    }

    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    if let Lit::Str(literal) = Lit::new(literal) {
                        self.add(&literal);
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }
}

impl<'a> Visit<'a> for Literals {
    fn visit_lit_str(&mut self, literal: &'a LitStr) {
        self.add(literal);
    }

    fn visit_macro(&mut self, invoked: &'a Macro) {
        self.tokens(invoked.tokens.clone());
    }

    fn visit_attribute(&mut self, _: &'a Attribute) {}
}

fn decisions_in(source: &Source) -> Vec<(usize, String)> {
    let mut found = Decisions::default();
    source.items.iter().for_each(|item| found.visit_item(item));
    found.found.sort_unstable();
    found.found.into_iter().map(|(line, form)| (line, form.to_owned())).collect()
}

#[derive(Default)]
struct Decisions {
    /// Lines and what stands there.
    found: Vec<(usize, &'static str)>,
}

impl Decisions {
    fn pattern(&mut self, pattern: &Pat, line: usize, form: &'static str) {
        if mentions(|visitor| visitor.visit_pat(pattern)) {
            self.found.push((line, form));
        }
    }
}

impl<'a> Visit<'a> for Decisions {
    fn visit_expr_binary(&mut self, binary: &'a ExprBinary) {
        let line = match binary.op {
            BinOp::Eq(token) => Some(token.spans[0].start().line),
            BinOp::Ne(token) => Some(token.spans[0].start().line),
            _ => None,
        };
        let sides = [&*binary.left, &*binary.right];
        if let Some(line) =
            line.filter(|_| sides.iter().any(|side| is_kind_value(side)) && !of_error(&sides))
        {
            self.found.push((line, "== or !="));
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_let(&mut self, condition: &'a ExprLet) {
        self.pattern(&condition.pat, condition.let_token.span.start().line, "if let");
        visit::visit_expr_let(self, condition);
    }

    fn visit_local(&mut self, local: &'a Local) {
        if local.init.as_ref().is_some_and(|init| init.diverge.is_some()) {
            self.pattern(&local.pat, local.let_token.span.start().line, "let else");
        }
        visit::visit_local(self, local);
    }

    /// A list of kinds that is asked for one is a chain of `==`.
    fn visit_expr_method_call(&mut self, call: &'a ExprMethodCall) {
        let listed = matches!(peeled(&call.receiver), Expr::Array(list) if list.elems.iter().any(is_kind_value));
        if call.method == "contains" && listed {
            self.found.push((call.method.span().start().line, "contains"));
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, invoked: &'a Macro) {
        let line =
            invoked.path.segments.last().map_or(0, |segment| segment.ident.span().start().line);
        if invoked.path.is_ident("matches") {
            let parsed = matched.parse2(invoked.tokens.clone());
            let Ok((value, pattern)) = parsed else {
                panic!("line {line}: matches! of an unknown form")
            };
            let error =
                |path: &Path| path.segments.iter().any(|segment| segment.ident == "ErrorKind");
            if is_kind_value(&value) && !mentions_path(|visitor| visitor.visit_pat(&pattern), error)
            {
                self.found.push((line, "matches!"));
            } else {
                self.pattern(&pattern, line, "matches!");
            }
            self.visit_expr(&value);
        } else if let Ok(arguments) = arguments.parse2(invoked.tokens.clone()) {
            for argument in &arguments {
                self.visit_expr(argument);
            }
        }
    }
}

/// `matches!`'s arguments; a guard is let be.
fn matched(input: syn::parse::ParseStream<'_>) -> syn::Result<(Expr, Pat)> {
    let value = input.parse()?;
    input.parse::<Token![,]>()?;
    let pattern = Pat::parse_multi_with_leading_vert(input)?;
    input.parse::<TokenStream>()?;
    Ok((value, pattern))
}

fn arguments(input: syn::parse::ParseStream<'_>) -> syn::Result<Vec<Expr>> {
    let parsed = syn::punctuated::Punctuated::<Expr, Token![,]>::parse_terminated(input)?;
    Ok(parsed.into_iter().collect())
}

/// Without the parentheses, references and dereferences around it.
fn peeled(value: &Expr) -> &Expr {
    match value {
        Expr::Paren(inner) => peeled(&inner.expr),
        Expr::Reference(inner) => peeled(&inner.expr),
        Expr::Unary(inner) => peeled(&inner.expr),
        Expr::Group(inner) => peeled(&inner.expr),
        other => other,
    }
}

/// `address.kind()`, `KindName::Bucket`, or one of them in a tuple or in `Some(…)`.
fn is_kind_value(value: &Expr) -> bool {
    match peeled(value) {
        Expr::MethodCall(call) => call.method == "kind" && call.args.is_empty(),
        Expr::Path(path) => is_variant(&path.path),
        Expr::Call(call) => {
            is_kind_value(&call.func) || is_some(&call.func) && call.args.iter().any(is_kind_value)
        }
        Expr::Tuple(tuple) => tuple.elems.iter().any(is_kind_value),
        _ => false,
    }
}

fn is_some(function: &Expr) -> bool {
    matches!(function, Expr::Path(path) if path.path.is_ident("Some"))
}

/// Recognises the comparison of an error's kind.
fn of_error(sides: &[&Expr]) -> bool {
    let error = |path: &Path| path.segments.iter().any(|segment| segment.ident == "ErrorKind");
    sides.iter().any(|side| mentions_path(|visitor| visitor.visit_expr(side), error))
}

/// `KindName::Bucket`: a type of kinds and a name in it.
fn is_variant(path: &Path) -> bool {
    let mut leading = path.segments.iter().rev().skip(1);
    leading.any(|segment| TYPES.iter().any(|name| segment.ident == name))
}

fn mentions(visit: impl FnOnce(&mut Paths<fn(&Path) -> bool>)) -> bool {
    mentions_path(visit, is_variant as fn(&Path) -> bool)
}

fn mentions_path<F: Fn(&Path) -> bool>(visit: impl FnOnce(&mut Paths<F>), wanted: F) -> bool {
    let mut paths = Paths { wanted, found: false };
    visit(&mut paths);
    paths.found
}

struct Paths<F> {
    wanted: F,
    found: bool,
}

impl<'a, F: Fn(&Path) -> bool> Visit<'a> for Paths<F> {
    fn visit_path(&mut self, path: &'a Path) {
        self.found |= (self.wanted)(path);
        visit::visit_path(self, path);
    }
}

#[cfg(test)]
fn source(body: &str) -> Source {
    Source::parse("src/x.rs", &["x"], &format!("fn f() {{\n{body}\n}}"))
}

#[test]
fn literals_are_found_also_in_macros() {
    let found = |body: &str| literals_in(&source(body)).len();
    assert_eq!(found(r#"let a = "user"; let b = json!({"role": 1}); let c = "users";"#), 2);
    assert_eq!(
        found(r#"format!("{holder}_policy_attachment"); matches!(it.kind(), "user" | "role");"#),
        3
    );
    assert_eq!(found(r#"#[arg(long = "policy")] struct X; format!("the {kind} policy");"#), 0);
}

#[test]
fn an_exception_is_for_so_many_words_of_a_file() {
    let words = &[("user", 1), ("role", 1), ("policy", 1)];
    let exceptions = [Exception { file: "src/x.rs", words, reason: "" }];
    let source = source(r#"("user", "role", "user")"#);
    let left = without(literals_in(&source), &source, &exceptions);
    assert_eq!(
        left,
        [r#"src/x.rs:2: "user""#, r#"src/x.rs: nothing needs the exception for "policy""#]
    );
}

#[test]
fn decisions_are_found_in_every_form() {
    let found = |body: &str| decisions_in(&source(body));
    for one in [
        r#"it.kind() == "user";"#,
        "if *it.kind() != KindName::Bucket {}",
        "let x = |it| Some(KindName::PolicyAttachment(PrincipalKind::User)) == kind(it);",
        "matches!(it.kind(), first | second);",
        "matches!(kind, KindName::Bucket if large);",
        "assert!(kind == KindName::Bucket);",
        "if let KindName::Principal(kind) = name {}",
        "let Some(KindName::Principal(kind)) = name else { return };",
        "while let Some(PrincipalKind::User) = next() {}",
        "[KindName::Bucket, KindName::Policy].contains(&kind);",
    ] {
        assert_eq!(found(one).len(), 1, "{one}: {:?}", found(one));
    }
    for none in [
        "match it.kind() { KindName::Bucket => 1, KindName::Policy => 2 };",
        "error.kind() == io::ErrorKind::NotFound;",
        "matches!(error.kind(), ErrorKind::NotFound);",
        "if let Some(kind) = name {}",
        "let kind = KindName::Bucket;",
        "of_kind(KindName::Bucket) == 3;",
        "kinds.contains(&kind);",
    ] {
        assert!(found(none).is_empty(), "{none}: {:?}", found(none));
    }
}
