//! What the routes are, for machines (`/openapi.json`) and for people (`/docs`: the same as a page, with no script on it).

use std::fmt::Write;
use std::sync::LazyLock;

use bytes::Bytes;
use serde_json::{Map, Value};

/// The description, by OpenAPI 3.1; kept by hand.
pub(crate) const OPENAPI: &str = include_str!("openapi.json");

/// What the page may load: nothing.
pub(crate) const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

const STYLE: &str = "\
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:60rem;margin:0 auto;padding:1rem 1.25rem}\
h2{margin-top:2.5rem}details{border:1px solid color-mix(in srgb,currentColor 20%,transparent);border-radius:.5rem;\
margin:.5rem 0;padding:.5rem .75rem}summary{cursor:pointer}summary b{display:inline-block;min-width:4.5rem}\
code,pre,table{font-size:.9rem}pre{overflow-x:auto}table{border-collapse:collapse;width:100%}\
td,th{text-align:left;vertical-align:top;padding:.25rem .5rem;border-top:1px solid color-mix(in srgb,currentColor 15%,transparent)}";

static PAGE: LazyLock<Bytes> =
    LazyLock::new(|| serde_json::from_str(OPENAPI).map(|api: Value| Page { api }.html()).unwrap_or_default().into());

/// Returns the page.
pub(crate) fn page() -> Bytes {
    PAGE.clone()
}

struct Page {
    api: Value,
}

impl Page {
    fn html(&self) -> String {
        let title = words(&self.api["info"]["title"]);
        let mut page = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width\"><title>{title}</title><style>{STYLE}</style><h1>{title}</h1><p>{} \
             <a href=\"openapi.json\">openapi.json</a></p>",
            words(&self.api["info"]["summary"])
        );
        for tag in items(&self.api["tags"]) {
            let _ = write!(page, "<h2>{}</h2><p>{}</p>", words(&tag["name"]), words(&tag["description"]));
            for (path, item) in fields(&self.api["paths"]) {
                for (method, route) in fields(item).filter(|(_, route)| route["tags"][0] == tag["name"]) {
                    self.route(&mut page, method, path, item, route);
                }
            }
        }
        page.push_str("</html>");
        page
    }

    fn route(&self, page: &mut String, method: &str, path: &str, item: &Value, route: &Value) {
        let (summary, description) = (words(&route["summary"]), words(&route["description"]));
        let method = method.to_uppercase();
        let _ = write!(
            page,
            "<details><summary><b>{method}</b> <code>{}</code> {summary}</summary><p>{description}</p>",
            escaped(path)
        );
        let parameters = items(&item["parameters"]).chain(items(&route["parameters"])).map(|one| self.resolved(one));
        let rows: String = parameters.map(|one| row(&words(&one["name"]), &one["in"], one)).collect();
        table(page, "In the address and the headers", &rows);
        let body = self.resolved(&route["requestBody"]["content"]["application/json"]["schema"]);
        let rows: String = fields(&body["properties"]).map(|(name, one)| self.field(body, name, one)).collect();
        table(page, "Body", &rows);
        let answers = fields(&route["responses"]).map(|(status, one)| (status, self.resolved(one)));
        let rows: String =
            answers.map(|(status, one)| format!("<tr><td>{status}<td>{}", words(&one["description"]))).collect();
        table(page, "Answers", &rows);
        page.push_str("</details>");
    }

    fn field(&self, body: &Value, name: &str, one: &Value) -> String {
        let needed = items(&body["required"]).any(|required| required == name);
        let kind = match (one["enum"].as_array(), &one["type"]) {
            (Some(choices), _) => choices.iter().map(Value::to_string).collect::<Vec<_>>().join(", "),
            (None, Value::String(kind)) => kind.clone(),
            _ => "any".to_owned(),
        };
        let kind = if needed { format!("{kind}, needed") } else { kind };
        row(&escaped(name), &Value::String(kind), self.resolved(one))
    }

    /// Follows a reference into this document.
    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let target = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        target.and_then(|pointer| self.api.pointer(pointer)).unwrap_or(value)
    }
}

fn row(name: &str, kind: &Value, one: &Value) -> String {
    format!("<tr><td><code>{name}</code><td>{}<td>{}", words(kind), words(&one["description"]))
}

fn table(page: &mut String, title: &str, rows: &str) {
    if !rows.is_empty() {
        let _ = write!(page, "<h4>{title}</h4><table>{rows}</table>");
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn fields(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    object.as_object().into_iter().flat_map(Map::iter).map(|(name, value)| (name.as_str(), value))
}

/// Text with what stands between backquotes as code.
fn words(text: &Value) -> String {
    let parts = escaped(text.as_str().unwrap_or_default());
    let spans = parts.split('`').enumerate();
    spans.map(|(at, part)| if at % 2 == 1 { format!("<code>{part}</code>") } else { part.to_owned() }).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use std::collections::BTreeSet;

    use super::*;
    use crate::route::{Kind, Route};

    #[test]
    fn every_route_is_described_and_no_other() {
        let api: Value = serde_json::from_str(OPENAPI).unwrap();
        let described: BTreeSet<(String, &str)> = fields(&api["paths"])
            .flat_map(|(path, item)| fields(item).map(move |(method, _)| (method.to_uppercase(), path)))
            .filter(|(method, _)| method != "PARAMETERS")
            .collect();
        // A WebSocket has no place in it, nor has the description itself.
        let routes = Route::ALL
            .into_iter()
            .filter(|route| route.kind() != Kind::Socket && !matches!(route, Route::Description | Route::Docs));
        let there: BTreeSet<_> = routes.map(|route| (route.method().as_str().to_owned(), route.path())).collect();
        assert_eq!(described, there);
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn walk(api: &Value, at: &Value) {
            if let Some(reference) = at["$ref"].as_str() {
                assert!(api.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
            }
            items(at).chain(fields(at).map(|(_, inner)| inner)).for_each(|inner| walk(api, inner));
        }
        let api: Value = serde_json::from_str(OPENAPI).unwrap();
        walk(&api, &api);
    }

    #[test]
    fn the_page_has_every_route_on_it() {
        let page = String::from_utf8(page().to_vec()).unwrap();
        for route in Route::ALL.into_iter().filter(|route| route.kind() == Kind::Plain) {
            let own = matches!(route, Route::Description | Route::Docs);
            assert_eq!(page.contains(&format!("<code>{}</code>", route.path())), !own, "{}", route.path());
        }
        assert!(!page.contains("<script") && !page.contains('`') && page.contains("&quot;high&quot;"));
    }
}
