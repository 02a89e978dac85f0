//! What a source's `dialect` may say.

use super::*;
use crate::model::Dialect;

fn with(lines: &str) -> String {
    format!("[[source]]\nid = \"a\"\nkind = \"counter_api\"\nurl = \"https://example.org/c\"\n{lines}\n")
}

#[test]
fn without_one_the_specification_holds() {
    assert_eq!(load_text(&with("")).unwrap().sources[0].dialect, Dialect::default());
    assert_eq!(load_text(&with("[source.dialect]")).unwrap().sources[0].dialect, Dialect::default());
}

#[test]
fn all_of_it_is_read_with_the_case_of_names_kept() {
    let text = with(
        r#"
        dialect = { parameters = { customerGroup = "{customer_id}", limit = 5, all = true }, report_parameters = { platform = "A B" }, headers = { X-API-Key = "Bearer {api_key}" }, names = { begin_date = "From" }, leave_out = ["requestor_id"], list_separator = ",", status_credentials = true }
        "#,
    );
    let dialect = load_text(&text).unwrap().sources.remove(0).dialect;
    let pairs = |pairs: &[(String, String)]| pairs.iter().map(|(name, text)| format!("{name}={text}")).collect::<Vec<_>>().join(" ");
    assert_eq!(pairs(&dialect.parameters), "all=true customerGroup={customer_id} limit=5");
    assert_eq!(pairs(&dialect.report_parameters), "platform=A B");
    assert_eq!(pairs(&dialect.headers), "X-API-Key=Bearer {api_key}");
    assert_eq!(pairs(&dialect.names), "begin_date=From");
    assert_eq!(
        (dialect.leave_out.as_slice(), dialect.list_separator.as_str(), dialect.status_credentials),
        (&["requestor_id".to_owned()][..], ",", true)
    );
}

#[test]
fn what_is_wrong_is_told_and_no_secret_with_it() {
    for (lines, says) in [
        ("dialect = \"x\"", "source a.dialect: is the text 'x'; write it as { parameters"),
        ("[source.dialect]\nparameter = { a = \"b\" }", "did you mean 'parameters'?"),
        ("[source.dialect]\nparameters = [\"a\"]", "must be names with texts"),
        ("[source.dialect]\nparameters = { a = [1] }", "source a.dialect.parameters.a: is a list, but must be a text"),
        ("[source.dialect]\nparameters = { a = \"{month}\" }", "has {month}; there are {customer_id}, {requestor_id} and {api_key}"),
        ("[source.dialect]\nparameters = { api_key = \"hunter2\" }", "is a secret in clear; write {api_key}"),
        ("[source.dialect]\nheaders = { Authorization = \"Bearer hunter2\" }", "is a secret in clear; write {api_key}"),
        ("[source.dialect]\nheaders = { \"a b\" = \"c\" }", "is no name of a header"),
        ("[source.dialect]\nheaders = { Host = \"c\" }", "is a header that is set for every request"),
        ("[source.dialect]\nheaders = { X-Note = \"æ\\u0007\" }", "has characters that no header takes"),
        ("[source.dialect]\nnames = { customer = \"c\" }", "'customer' is none of customer_id"),
        ("[source.dialect]\nnames = { customer_id = \"\" }", "gives customer_id no name"),
        ("[source.dialect]\nleave_out = [\"platform\"]", "'platform' is none of customer_id"),
        ("[source.dialect]\nlist_separator = \"\"", "must be one to three characters"),
        ("[source.dialect]\nstatus_credentials = 1", "must be true or false"),
    ] {
        let problem = problem_of(&with(lines));
        assert!(problem.contains(says) && !problem.contains("hunter2"), "{lines}: {problem}");
    }
}

#[test]
fn the_customer_may_stand_in_an_address_and_nothing_else() {
    let url = |url: &str| load_text(&format!("[[source]]\nid = \"a\"\nkind = \"counter_api\"\nurl = \"{url}\"\n"));
    for fine in ["https://example.org/{customer_id}/r51", "https://example.org/r51?site={customer_id}"] {
        assert_eq!(url(fine).unwrap().sources[0].url, fine);
    }
    for (wrong, says) in [
        ("https://example.org/{api_key}/r51", "only {customer_id} can stand in a url"),
        ("https://example.org/{customer_id/r51", "has braces in it"),
        ("https://{customer_id}.example.org/r51", "in the host's name"),
    ] {
        let error = url(wrong).unwrap_err().to_string();
        assert!(error.contains(says), "{wrong}: {error}");
    }
}
