//! Lines as access controls and proxies write them.

use proptest::prelude::*;

use super::*;

fn pattern(text: &str, names: &[(Role, &str)]) -> Result<LinePattern, String> {
    let mut all = Names::default();
    for (role, name) in names {
        all.set(*role, (*name).to_owned());
    }
    LinePattern::new(text, &all)
}

fn cut(layout: &Layout, line: &str) -> Vec<String> {
    let fields = layout.fields(line.as_bytes(), &Names::default(), None).unwrap();
    [Role::Address, Role::User, Role::Time, Role::Url, Role::Status].map(|role| fields.of(role).to_owned()).to_vec()
}

#[test]
fn a_line_of_ezproxy_and_one_of_apache_are_cut_alike() {
    let common = Layout::Pattern(pattern("%h %l %u %t \"%r\" %s %b", &[]).unwrap());
    let line = "192.0.2.7 - kari@halden.no [05/Oct/2024:09:12:44 +0200] \"GET http://www.idunn.no:80/doi/1?q=%22 HTTP/1.1\" 200 5120";
    assert_eq!(
        cut(&common, line),
        ["192.0.2.7", "kari@halden.no", "05/Oct/2024:09:12:44 +0200", "GET http://www.idunn.no:80/doi/1?q=%22 HTTP/1.1", "200"]
    );
    let combined = Layout::Pattern(pattern("%h %l %u %t \\\"%r\\\" %>s %b \\\"%{Referer}i\\\" \\\"%{User-Agent}i\\\"", &[]).unwrap());
    let line = "2001:db8::7 - - [05/Oct/2024:09:12:44 +0200] \"GET /a\\\"b HTTP/1.1\" 304 - \"-\" \"Mozilla/5.0 (a \\\"b\\\")\"";
    assert_eq!(cut(&combined, line), ["2001:db8::7", "", "05/Oct/2024:09:12:44 +0200", "GET /a\\\"b HTTP/1.1", "304"]);
    let fields = combined.fields(line.as_bytes(), &Names::default(), None).unwrap();
    assert_eq!(fields.of(Role::Agent), "Mozilla/5.0 (a \\\"b\\\")");
    for bad in ["", "x", "192.0.2.7 - kari [05/Oct/2024:09:12:44", "192.0.2.7 - kari [05/Oct/2024:09:12:44 +0200] \"GET"] {
        assert!(common.fields(bad.as_bytes(), &Names::default(), None).is_err(), "{bad}");
    }
}

#[test]
fn a_pattern_says_which_directive_is_what() {
    let ezproxy = "%h %{ezproxy-session}i %u %t \"%r\" %s %b %{ezproxy-groups}i";
    let named = pattern(ezproxy, &[(Role::User, "%{ezproxy-session}i"), (Role::Institution, "%{EZproxy-Groups}i")]).unwrap();
    let line = b"192.0.2.7 aBc123 kari [05/Oct/2024:09:12:44 +0200] \"GET http://a.no/ HTTP/1.1\" 200 1 Halden";
    let fields = named.fields(line).unwrap();
    assert_eq!((fields.of(Role::User), fields.of(Role::Institution)), ("aBc123", "Halden"));
    assert!(named.has(Role::Institution) && !named.has(Role::Product));
    let tabs = pattern("%{%Y-%m-%dT%H:%M:%S}t\\t%a\\t%U", &[]).unwrap();
    assert_eq!(tabs.fields(b"2024-10-05T09:12:44\t192.0.2.7\t/x y").unwrap().of(Role::Url), "/x y");
    for (text, names, expected) in [
        ("no directive", &[][..], "has no directive"),
        ("%h%u %t", &[], "nothing stands between"),
        ("%h %u", &[], "has no time"),
        ("%h %{x %t", &[], "not closed"),
        ("%h % %t", &[], "begins no directive"),
        ("%h %a %t", &[], "several directives that are the address"),
        ("%h %t", &[(Role::User, "%u")], "has no %u, which is said to be the user"),
    ] {
        let wrong = pattern(text, names).unwrap_err();
        assert!(wrong.contains(expected), "{text}: {wrong}");
    }
}

#[test]
fn json_has_its_fields_by_name_also_inside_of_others() {
    let mut names = Names::default();
    names.set(Role::Institution, "user.org.id".into());
    names.set(Role::User, "user.sub".into());
    names.set(Role::Product, "service.name".into());
    let line = br#"{"time":1728112364,"user":{"sub":"kari","org":{"id":2010100}},"service.name":"avis","status":"-","more":[1,{}]}"#;
    let fields = Layout::JsonLines.fields(line, &names, None).unwrap();
    let of = [Role::Time, Role::User, Role::Institution, Role::Product, Role::Status, Role::Url].map(|role| fields.of(role).to_owned());
    assert_eq!(of, ["1728112364", "kari", "2010100", "avis", "", ""]);
    for bad in [&b"[1]"[..], b"{", b"\xff", b"\"x\""] {
        assert!(Layout::JsonLines.fields(bad, &names, None).is_err());
    }
}

#[test]
fn csv_has_its_fields_by_its_header() {
    let mut names = Names::default();
    names.set(Role::User, "Bruker".into());
    let header = CsvHeader::new("\u{feff}Time;bruker;\"institution\";x".as_bytes(), &names).unwrap();
    let fields = Layout::Csv.fields(b"2024-10-05T09:12:44;\"Nordmann; Kari\";2010100;-", &names, Some(&header)).unwrap();
    assert_eq!((fields.of(Role::User), fields.of(Role::Institution), fields.of(Role::Address)), ("Nordmann; Kari", "2010100", ""));
    for bad in ["a;b", "a;b;c;d;e", "a;\"b;c;d", "a;\"b\"c;d;e"] {
        assert!(Layout::Csv.fields(bad.as_bytes(), &names, Some(&header)).is_err(), "{bad}");
    }
    assert!(CsvHeader::new(b"2024-10-05T09:12:44;kari;2010100", &names).is_none());
    assert!(Layout::Csv.fields(b"a;b", &names, None).is_err());
}

#[test]
fn what_was_asked_for_is_a_host_and_a_path() {
    for (url, host, expected) in [
        ("GET http://www.Idunn.no:80/Doi/1?user=kari HTTP/1.1", "", ("www.idunn.no", "/doi/1")),
        ("https://kari:secret@a.no", "", ("a.no", "/")),
        ("/a/b?c", "proxy.no:443", ("proxy.no", "/a/b")),
        ("GET /a HTTP/1.1", "", ("", "/a")),
        ("CONNECT a.no:443 HTTP/1.1", "", ("a.no", "/")),
        ("http://[2001:db8::1]:80/x", "", ("[2001:db8::1]", "/x")),
        ("", "", ("", "/")),
    ] {
        let (got_host, got_path) = host_and_path(url, host);
        assert_eq!((got_host.as_str(), got_path.as_str()), expected, "{url}");
    }
}

proptest! {
    #[test]
    fn no_line_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200), near in "[0-9.]{1,9} - [a-z@]{0,9} \\[[0-9/:A-Z]{0,9}\\]? \"[A-Z /\\\\\"]{0,12}\" 200 1?") {
        let common = Layout::Pattern(pattern("%h %l %u %t \"%r\" %s %b", &[]).unwrap());
        let names = Names::default();
        let header = CsvHeader::new(b"time,user,institution", &names);
        for line in [&bytes[..], near.as_bytes()] {
            for layout in [&common, &Layout::JsonLines, &Layout::Csv] {
                let _ = layout.fields(line, &names, header.as_ref());
            }
            let _ = CsvHeader::new(line, &names);
            let _ = host_and_path(&String::from_utf8_lossy(line), "");
        }
    }

    #[test]
    fn no_pattern_panics(text in "[%a-zA-Z{}\\[\\] \"\\\\<>0-9^,!æ-]{0,30}", line in "\\PC{0,40}") {
        if let Ok(pattern) = pattern(&text, &[]) {
            let _ = pattern.fields(line.as_bytes());
        }
    }

    #[test]
    fn what_a_pattern_writes_is_read_back(user in "[a-z@.]{1,12}", path in "[a-z/?=\"]{0,20}", status in 100_u16..600) {
        let common = Layout::Pattern(pattern("%h %l %u %t \"%r\" %s %b", &[]).unwrap());
        let request = format!("GET /{} HTTP/1.1", path.replace('"', "\\\""));
        let line = format!("192.0.2.7 - {user} [05/Oct/2024:09:12:44 +0200] \"{request}\" {status} 12");
        prop_assert_eq!(cut(&common, &line), ["192.0.2.7", &user, "05/Oct/2024:09:12:44 +0200", &request, &status.to_string()]);
    }
}
